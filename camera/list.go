package camera

import (
	"cmp"
	"io/fs"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
)

// Device is a camera of this machine.
type Device struct {
	Spec string // what Open takes: camera:0
	Path string // /dev/video0
	Name string // what the driver calls it
}

// List returns the cameras of this machine in the order of their numbers. It
// opens none of them, so it also lists one that is in use. Codecs and image
// processors, which Linux calls video devices too, are left out.
func List() ([]Device, error) {
	return list(os.DirFS("/sys/class/video4linux"))
}

func list(sys fs.FS) ([]Device, error) {
	entries, err := fs.ReadDir(sys, ".")
	if os.IsNotExist(err) {
		return nil, nil // no video driver at all
	}
	if err != nil {
		return nil, err
	}
	type numbered struct {
		n uint64
		Device
	}
	var all []numbered
	for _, e := range entries {
		digits, ok := strings.CutPrefix(e.Name(), "video")
		if !ok {
			continue
		}
		n, err := strconv.ParseUint(digits, 10, 16)
		if err != nil {
			continue
		}
		// A camera's second node carries metadata, no pictures.
		if index := attribute(sys, e.Name(), "index"); index != "" && index != "0" {
			continue
		}
		name := attribute(sys, e.Name(), "name")
		if slices.ContainsFunc(notCameras, func(p string) bool { return strings.HasPrefix(name, p) }) {
			continue
		}
		all = append(all, numbered{n, Device{Spec: "camera:" + digits, Path: "/dev/" + e.Name(), Name: name}})
	}
	slices.SortFunc(all, func(a, b numbered) int { return cmp.Compare(a.n, b.n) })
	devices := make([]Device, len(all))
	for i, d := range all {
		devices[i] = d.Device
	}
	return devices, nil
}

// notCameras begin the names of video devices of a Raspberry Pi that are none.
// Its ribbon cable camera (unicam, rp1-cfe) is not one that can be opened by
// its device either: that is picam.
var notCameras = []string{"bcm2835-codec", "bcm2835-isp", "rpivid", "rpi-hevc", "pispbe", "unicam", "rp1-cfe"}

func attribute(sys fs.FS, device, name string) string {
	b, err := fs.ReadFile(sys, path.Join(device, name))
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(b))
}
