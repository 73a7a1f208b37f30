package camera

// cvKind is what OpenCV is asked to open.
type cvKind uint8

const (
	cvDevice cvKind = iota
	cvFile
	cvURL
	cvPipeline
)
