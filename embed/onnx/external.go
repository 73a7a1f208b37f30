package onnx

import (
	"fmt"
	"strconv"

	"github.com/edge-camera/edge/embed"
)

// beside holds the files beside the model that have weights of it (ONNX's
// external data), each read once.
type beside struct {
	read  func(name string) ([]byte, error)
	files map[string][]byte
	total int // bytes of all of them
}

// tensor returns the size bytes that a tensor's entries point to. refused says
// why there are none.
func (x *beside) tensor(s span, entries []span, size int64) (data []byte, refused, err error) {
	set := map[string]string{}
	for _, e := range entries {
		var key, value string
		err := entryMessage.walk(e, func(it item) (err error) {
			if it.num == entryKey {
				key, err = it.data.text()
			} else {
				value, err = it.data.text()
			}
			return err
		})
		if err != nil {
			return nil, nil, err
		}
		set[key] = value
	}
	name := set["location"]
	help := "save the weights in the same file: torch.onnx.export(..., external_data=False)"
	if x.read == nil || name == "" {
		return nil, refuse(help, "weights in another file (external data)"), nil
	}
	file, ok := x.files[name]
	if !ok {
		if file, err = x.read(name); err != nil {
			return nil, hint(fmt.Errorf("%w: weights in another file (external data): %w", embed.ErrUnsupported, err),
				"keep "+name+" beside the .onnx file, or "+help), nil
		}
		if x.total += len(file); x.total > maxFile {
			return nil, refuse("", "%d bytes of weights, at most %d are read", x.total, maxFile), nil
		}
		if x.files == nil {
			x.files = map[string][]byte{}
		}
		x.files[name] = file
	}
	offset, length := int64(0), size
	for key, at := range map[string]*int64{"offset": &offset, "length": &length} {
		if text, ok := set[key]; ok {
			if *at, err = strconv.ParseInt(text, 10, 64); err != nil {
				return nil, nil, corrupt(s.off, "external data with %s %q", key, text)
			}
		}
	}
	if offset < 0 || offset > int64(len(file)) || length != size || size > int64(len(file))-offset {
		return nil, nil, corrupt(s.off, "a tensor of %d bytes is said to be %d bytes at %d of %q, which has %d", size, length, offset, name, len(file))
	}
	return file[offset : offset+size], nil, nil
}
