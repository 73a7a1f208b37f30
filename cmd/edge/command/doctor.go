package command

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/edge-camera/edge/camera"
	"github.com/edge-camera/edge/embed"
	"github.com/edge-camera/edge/gpio"
	"github.com/edge-camera/edge/support"
)

type doctorLine struct {
	Check  string `json:"check"`
	OK     bool   `json:"ok"`
	Detail string `json:"detail"`
	Hint   string `json:"hint"`
}

type doctor struct {
	e           *env
	camera      string
	button, led string
	mend        bool

	network *embed.Network // nil where the model does not load
}

func newDoctor(e *env) *cobra.Command {
	d := doctor{e: e}
	c := &cobra.Command{
		Use:   "doctor",
		Short: "Say what works on this board, and why the rest does not",
		Long: `Doctor checks the board, the network's arithmetic, the model, the camera, GPIO, the
store, the disk and the clock. A camera or pins that are named must work; where
none is named, none need be there. Exit code 1 if anything failed.

It reads the store to the last picture and says where it is damaged. With
--repair it first saves what checksums vouch for in a new file, which takes the
old one's place, and says what is lost. The damaged file is kept beside it.`,
		Example: "  edge doctor --camera camera:0 --button GPIO17 --led GPIO27\n  edge doctor --repair",
		Args:    noArguments,
		RunE:    func(c *cobra.Command, _ []string) error { return d.run(c.Context()) },
	}
	c.Flags().BoolVar(&d.mend, "repair", false, "put a damaged store right, without asking")
	c.Flags().StringVar(&d.camera, "camera", "", "camera that must work, such as camera:0")
	pinVars(c, &d.button, &d.led)
	return c
}

func (d *doctor) run(ctx context.Context) error {
	if d.mend {
		if err := d.repair(); err != nil {
			return err
		}
	}
	failed := false
	for _, check := range []struct {
		name string
		do   func(context.Context) (detail string, err error)
	}{
		{"board", d.board},
		{"kernel", d.kernel},
		{"model", d.model},
		{"camera", d.source},
		{"gpio", d.gpio},
		{"store", d.storage},
		{"disk", d.disk},
		{"clock", d.clock},
	} {
		detail, err := check.do(ctx)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		l := doctorLine{Check: check.name, OK: err == nil, Detail: detail}
		text := "ok   " + fmt.Sprintf("%-7s", l.Check) + " " + detail
		if err != nil {
			failed = true
			l.Detail = oneLine(err.Error())
			_, l.Hint = diagnose(err)
			text = fmt.Sprintf("NOT  %-7s %s", l.Check, l.Detail)
			if l.Hint != "" {
				text += "\n     hint: " + l.Hint
			}
		}
		if err := d.e.line(l, "%s", text); err != nil {
			return err
		}
	}
	if failed {
		return coded(exitFailed, errReported, "")
	}
	return nil
}

func (d *doctor) board(context.Context) (string, error) {
	return fmt.Sprintf("%s, %s/%s, %s", boardName(os.DirFS("/")), runtime.GOOS, runtime.GOARCH, number(runtime.NumCPU(), "processor", "processors")), nil
}

// boardName is what the device tree (Pi, Jetson) or the firmware (PC) says.
func boardName(root fs.FS) string {
	for _, path := range []string{"proc/device-tree/model", "sys/class/dmi/id/product_name"} {
		if b, err := fs.ReadFile(root, path); err == nil {
			if name := strings.TrimSpace(strings.TrimRight(string(b), "\x00")); name != "" {
				return oneLine(name)
			}
		}
	}
	return "unnamed board"
}

func (d *doctor) kernel(context.Context) (string, error) {
	network, err := d.e.openNetwork()
	if err != nil {
		return "", err
	}
	d.network = network
	return fmt.Sprintf("%s, %s, %s", network.Kernel(), network.Precision(), number(d.e.threads, "thread", "threads")), nil
}

func (d *doctor) model(context.Context) (string, error) {
	m, err := loadModel(d.e.model)
	if err != nil {
		return "", err
	}
	l, err := checkModel(m, d.e.threads)
	if err != nil {
		return "", coded(exitModel, pathError(m.Meta.Name, err), "")
	}
	if l.Gold == 0 {
		return fmt.Sprintf("%s (%s): whole; it holds no check inputs", l.Name, l.Fingerprint.Short()), nil
	}
	return fmt.Sprintf("%s (%s): %s right", l.Name, l.Fingerprint.Short(), number(l.Gold, "check input", "check inputs")), nil
}

func (d *doctor) source(ctx context.Context) (string, error) {
	if d.camera == "" {
		devices, err := camera.List()
		if err != nil {
			return "", coded(exitCamera, err, "")
		}
		if len(devices) == 0 {
			return "none found, none named", nil
		}
		var names []string
		for _, v := range devices {
			names = append(names, v.Spec+" "+v.Name)
		}
		return strings.Join(names, ", "), nil
	}
	p, err := probe(ctx, d.camera, camera.Options{}, 1)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%s: %d×%d", p.Source, p.Width, p.Height), nil
}

func (d *doctor) gpio(context.Context) (string, error) {
	if d.button == "" && d.led == "" {
		lines, err := gpio.Lines()
		switch {
		case errors.Is(err, gpio.ErrNoChip):
			return "none found, none named", nil
		case err != nil:
			return "none named; " + oneLine(err.Error()), nil
		}
		return number(len(lines), "line", "lines") + ", none named", nil
	}
	var works []string
	for _, pin := range []struct {
		role, name string
		open       func(string) (*gpio.Pin, error)
	}{{"button", d.button, gpio.OpenInput}, {"lamp", d.led, gpio.OpenOutput}} {
		if pin.name == "" {
			continue
		}
		p, err := pin.open(pin.name)
		if err != nil {
			return "", err
		}
		if err := p.Close(); err != nil {
			return "", err
		}
		works = append(works, pin.role+" on "+pin.name)
	}
	return strings.Join(works, ", "), nil
}

func (d *doctor) storage(context.Context) (string, error) {
	dir, err := d.e.storeDir()
	if err != nil {
		return "", err
	}
	there := existing(dir)
	if err := writable(there); err != nil {
		return "", coded(exitStore, pathError(there, fmt.Errorf("%w: %w", support.ErrReadOnly, err)), "nothing can be taught: make the folder writable, or choose another by --store")
	}
	if there != dir {
		return dir + " is not there yet; the first shot makes it", nil
	}
	report, err := support.Inspect(dir, support.Options{})
	switch {
	case errors.Is(err, support.ErrNotFound):
		return dir + " holds nothing yet", nil
	case err != nil:
		return "", coded(exitStore, err, "")
	case !report.Whole:
		return "", damaged(&report)
	}
	var fingerprint embed.Fingerprint
	dim := 0
	if d.network != nil {
		fingerprint, dim = d.network.Fingerprint(), d.network.Dim()
	}
	set, err := d.e.readStore(fingerprint, dim)
	mismatch := errors.Is(err, support.ErrModelMismatch)
	if mismatch {
		set, err = d.e.readStore(embed.Fingerprint{}, 0)
	}
	if err != nil {
		return "", err
	}
	if set == nil {
		return dir + " holds nothing yet", nil
	}
	defer set.Close()
	detail := fmt.Sprintf("%s: %s, %s", dir, number(len(set.Ways()), "class", "classes"), shots(set.Len()))
	if n := len(set.Negatives()); n > 0 {
		detail += ", " + number(n, "picture", "pictures") + " of nothing"
	}
	switch aside := len(set.Aside()); {
	case mismatch:
		lacking, err := fittable(set, fingerprint)
		if err != nil {
			return "", err
		}
		detail += fmt.Sprintf(", %d taught with another model; edge run and edge reembed make them fit this one", lacking)
	case aside > 0:
		detail += fmt.Sprintf(", %d left out of answers: this model can make nothing of them", aside)
	}
	return detail, nil
}

// existing is path or its nearest parent that is there.
func existing(path string) string {
	for {
		if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
			return path
		}
		up := filepath.Dir(path)
		if up == path {
			return path
		}
		path = up
	}
}

// leastFree is what a few hundred shots take.
const leastFree = 16 << 20

func (d *doctor) disk(context.Context) (string, error) {
	dir, err := d.e.storeDir()
	if err != nil {
		return "", err
	}
	free, err := freeBytes(existing(dir))
	if err != nil {
		return "", err
	}
	if free < leastFree {
		return "", coded(exitFailed, fmt.Errorf("disk: %.1f MB left at %s", float64(free)/1e6, dir), "make room: a shot takes about 50 kB")
	}
	return fmt.Sprintf("%.1f GB left", float64(free)/1e9), nil
}

func (d *doctor) clock(context.Context) (string, error) {
	now := time.Now().UTC()
	built := buildTime(debug.ReadBuildInfo())
	if now.Before(built) {
		return "", coded(exitFailed, fmt.Errorf("clock: it says %s, but this edge was made later, on %s", now.Format(time.DateTime), built.Format(time.DateOnly)), "let the network set it: timedatectl set-ntp true")
	}
	return now.Format(time.DateTime) + " UTC", nil
}

// buildTime is the time of the commit that edge was built from; where that is
// not known, that of the year it was begun in.
func buildTime(info *debug.BuildInfo, ok bool) time.Time {
	if ok {
		for _, s := range info.Settings {
			if s.Key == "vcs.time" {
				if t, err := time.Parse(time.RFC3339, s.Value); err == nil {
					return t
				}
			}
		}
	}
	return time.Date(2025, time.January, 1, 0, 0, 0, 0, time.UTC)
}
