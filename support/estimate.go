package support

// Estimate is how the device would do on further pictures like its shots, as
// far as those tell: each is asked about as if it had never been taught. Shares
// are from 0 to 1.
type Estimate struct {
	Head  Head `json:"head"`  // that chooses among the classes; never Auto
	Shots int  `json:"shots"` // that were asked about; 0: nothing is known
	// Accuracy is the share of shots whose class is named right, known or not.
	Accuracy float64 `json:"accuracy"`
	// FalseReject is the share of shots that would be called unknown.
	FalseReject float64 `json:"false_reject"`
	// FalseAccept is the share of shots that would be taken for another class
	// if their own had never been taught.
	FalseAccept float64 `json:"false_accept"`
}

// estimate counts. loo is nil where there is no learner.
func estimate(head Head, lim []limit, loo *looResult) Estimate {
	est := Estimate{Head: head}
	if loo == nil || loo.asked == 0 {
		return est
	}
	byColumn := make([]float64, len(lim))
	for i, c := range loo.column {
		byColumn[c] = lim[i].distance
	}
	accepted := 0
	rejected := 0
	for i, v := range loo.named[head] {
		if v.column >= 0 && v.distance > byColumn[v.column] {
			rejected++
		}
		if o := loo.other[i]; o.column >= 0 && o.distance <= byColumn[o.column] {
			accepted++
		}
	}
	n := float64(loo.asked)
	est.Shots = loo.asked
	est.Accuracy = float64(loo.right[head]) / n
	est.FalseReject = float64(rejected) / n
	est.FalseAccept = float64(accepted) / float64(len(loo.label))
	return est
}
