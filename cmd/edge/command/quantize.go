package command

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/edge-camera/edge/camera"
	"github.com/edge-camera/edge/cmd/edge/internal/app"
	"github.com/edge-camera/edge/embed"
	"github.com/edge-camera/edge/quantize"
)

// quantizeLine sums the report up; before it comes a quantize.Layer a line.
type quantizeLine struct {
	Model       string            `json:"model"`
	Fingerprint embed.Fingerprint `json:"fingerprint"`
	Method      string            `json:"method"`
	Pictures    int               `json:"pictures"`
	Cosine      float64           `json:"cosine"`
	CosineP5    float64           `json:"cosine_p5"`
	HeldOut     int               `json:"held_out"`
	HeldCosine  float64           `json:"held_out_cosine,omitempty"`
	HeldP5      float64           `json:"held_out_cosine_p5,omitempty"`
	Path        string            `json:"path"`
	Bytes       int64             `json:"bytes"`
	Report      string            `json:"report,omitempty"`
}

func newQuantize(e *env) *cobra.Command {
	var out, name, calibrate, method, html string
	var region regionFlag
	c := &cobra.Command{
		Use:   "quantize IN.edge -o OUT.edge --calibrate PATH",
		Short: "Make an int8 model of a float one",
		Long: `Quantize watches the float network look at the calibration pictures, which should
be like those of the camera, at least 16 and better 100 or more, and writes a
model that computes in 8-bit integers. It prints each layer's range and its
signal-to-noise ratio (SQNR, decibels), and the cosine between both models'
embeddings, mean and 5th percentile. Every fifth picture is held out: the cosine
on those is what other pictures will have.

--method is "auto", which measured best, or techniques with commas between them:
  minmax percentile mse kl   how far the integers of a layer reach
  split                      dead channels make room for second copies of others
  equalize                   channels of a layer are scaled towards the same range
  round                      weights make up for the rounding of other weights
  bias                       each layer's mean stays what it was

--report writes a page for the browser: what each layer and each technique does.
It takes about twice the time.`,
		Example: `  edge quantize net.edge -o net-int8.edge --calibrate photos/
  edge quantize net.edge -o net-int8.edge --calibrate photos/ --report net.html
  edge quantize net.edge -o plain.edge --calibrate photos/ --method minmax`,
		Args: arguments(1, 1, "a float .edge file"),
		RunE: func(c *cobra.Command, args []string) error {
			switch {
			case out == "":
				return usagef("-o names the .edge file to write", "quantize: -o: needs a file to write")
			case calibrate == "":
				return usagef("--calibrate names a folder of pictures like those of the camera", "quantize: --calibrate: needs pictures")
			}
			how, err := quantize.ParseMethod(method)
			if err != nil {
				return usagef("--method auto is best; edge quantize --help lists the techniques", "quantize: --method: %v", err)
			}
			m, err := loadModel(args[0])
			if err != nil {
				return err
			}
			if err := tryFile(out, outHint); err != nil {
				return err
			}
			if html != "" {
				if err := tryFile(html, reportHint); err != nil {
					return err
				}
			}
			if m.Precision != embed.Float32 {
				return coded(exitModel, fmt.Errorf("%s: the model is %s already", args[0], m.Precision), "give it a float model, such as edge model import writes")
			}
			p := e.startProgress("quantizing, step", false)
			defer p.end()
			meta := m.Meta
			if meta.Name = name; name == "" {
				meta.Name = strings.TrimSuffix(filepath.Base(out), filepath.Ext(out))
			}
			meta.Accuracy = "" // the float model's
			meta.Recipe = strings.TrimPrefix(m.Meta.Recipe+"; edge quantize --method "+how.String(), "; ")
			bad := badPictures{e: e}
			good := 0
			var small *embed.Model
			var report *quantize.Report
			stopped := await(c.Context(), p.step, func(progress func(done, of int)) {
				small, report, err = quantize.Quantize(m.Graph, preprocessed(c.Context(), calibrate, m.Graph.Input.Height, embed.Region(region), &good, &bad), quantize.Options{
					Meta:     meta,
					Method:   how,
					Explain:  html != "",
					Progress: progress,
				})
			})
			p.end()
			if stopped != nil {
				return stopped
			}
			switch {
			case errors.Is(err, quantize.ErrPictures) && good == 0 && bad.count > 0:
				return bad.err() // why there are none has been told
			case errors.Is(err, quantize.ErrPictures):
				return coded(exitCamera, pathError(calibrate, err), fmt.Sprintf("give it %d pictures or more", quantize.MinPictures))
			case err != nil:
				return fmt.Errorf("quantize %s: %w", args[0], err)
			}
			if n := report.Pictures + report.HeldOut; n < quantize.AdvisedPictures {
				e.note("%s are few: with %d or more, the model is nearer to the float one", number(n, "picture", "pictures"), quantize.AdvisedPictures)
			}
			b, err := small.Encode()
			if err != nil {
				return coded(exitModel, pathError(out, err), "")
			}
			if err := writeFile(out, b); err != nil {
				return err
			}
			if html != "" {
				err := writeTo(html, 0o644, reportHint, func(w io.Writer) error {
					return report.WriteHTML(w, meta.Name)
				})
				if err != nil {
					return err
				}
			}
			for _, l := range report.Layers {
				if err := e.line(l, "%8.3f to %8.3f, SQNR %5.1f dB  %s", l.Lo, l.Hi, l.SQNR, l.Node); err != nil {
					return err
				}
			}
			l := quantizeLine{
				Model: meta.Name, Fingerprint: small.Fingerprint(), Method: report.Method,
				Pictures: report.Pictures, Cosine: report.Cosine, CosineP5: report.CosineP5,
				HeldOut: report.HeldOut, HeldCosine: report.HeldOutCosine, HeldP5: report.HeldOutCosineP5,
				Path: out, Bytes: int64(len(b)), Report: html,
			}
			text := fmt.Sprintf("%s: cosine %.4f to the float model (5th percentile %.4f) on %s",
				l.Path, l.Cosine, l.CosineP5, number(l.Pictures, "picture", "pictures"))
			if l.HeldOut > 0 {
				text += fmt.Sprintf(", %.4f (%.4f) on %d held out", l.HeldCosine, l.HeldP5, l.HeldOut)
			}
			if err := e.line(l, "%s", text); err != nil {
				return err
			}
			return bad.err()
		},
	}
	f := c.Flags()
	outVar(f, &out, ".edge file to write")
	f.StringVar(&calibrate, "calibrate", "", "folder or clip of pictures to calibrate with, or a folder of such folders")
	f.StringVar(&method, "method", "auto", "techniques, with commas between them")
	f.StringVar(&html, "report", "", ".html file to write a report to")
	f.StringVar(&name, "name", "", "name of the model (default the file's)")
	regionVar(f, &region)
	return c
}

const reportHint = "--report names a file in a folder that is there and can be written to"

// calibrationPictures returns the pictures of a folder and of the folders in it,
// as there are where every class has one; anything else, and a folder without a
// picture, is returned as it is.
func calibrationPictures(path string) []string {
	entries, err := os.ReadDir(path)
	if err != nil {
		return []string{path}
	}
	folders := []string{path}
	for _, d := range entries {
		// A link to a folder is as good as the folder.
		folder := filepath.Join(path, d.Name())
		if i, err := os.Stat(folder); err == nil && i.IsDir() && !strings.HasPrefix(d.Name(), ".") {
			folders = append(folders, folder)
		}
	}
	var files []string
	for _, folder := range folders {
		if in := expand([]string{folder}); in[0] != folder {
			files = append(files, in...)
		}
	}
	if len(files) == 0 {
		return []string{path} // whoever opens it says so
	}
	return files
}

// preprocessed yields the pictures of a path as the network's inputs, and counts
// them in good.
func preprocessed(ctx context.Context, path string, side int, r embed.Region, good *int, bad *badPictures) func(yield func([]byte, error) bool) {
	return func(yield func([]byte, error) bool) {
		var scratch embed.Scratch
		errStopped := errors.New("stopped")
		err := look(ctx, calibrationPictures(path), camera.Options{}, func(f *camera.Frame) error {
			rgb := make([]byte, side*side*3)
			if err := embed.Preprocess(rgb, side, app.Picture(f), r, &scratch); err != nil {
				return bad.tell(f.Path, pathError(f.Path, err))
			}
			*good++
			if !yield(rgb, nil) {
				return errStopped
			}
			return nil
		}, bad.tell)
		if err != nil && !errors.Is(err, errStopped) {
			yield(nil, err)
		}
	}
}
