package embed

import (
	"crypto/sha256"
	"encoding/binary"
)

// Fingerprint returns the SHA-256 of all that decides an embedding's bits:
// PreprocessVersion, Precision, Input, Graph, weights and Quant. Meta, Gold
// and the names of the nodes do not count.
//
// A model read from a file answers at once with the fingerprint its header
// holds, which CheckFingerprint proves; others hash their weights at every
// call.
func (m *Model) Fingerprint() Fingerprint {
	if m.stored != nil {
		return *m.stored
	}
	return m.computeFingerprint()
}

// CheckFingerprint hashes m anew and returns an error wrapping ErrCorrupt if
// the file it was read from claims another fingerprint.
func (m *Model) CheckFingerprint() error {
	got := m.computeFingerprint()
	if m.stored != nil && *m.stored != got {
		return corrupt("the file says its fingerprint is %s, it is %s", m.stored.Short(), got.Short())
	}
	return nil
}

// computeFingerprint hashes a canonical encoding: sections GRPH and QNTP (none
// of a float model) of the file format, each after its length, then the bytes
// of all tensors in the file's order, without padding, and then, of a model
// that has one, section OPTS after its length. The lengths in GRPH and QNTP
// tell where each tensor ends, so no two models share an encoding.
func (m *Model) computeFingerprint() Fingerprint {
	var graph, quant, options encoder
	if m.Graph != nil {
		graph.graph(m)
		options.options(m)
	}
	if m.Quant != nil {
		quant.quant(m.Quant)
	}
	h := sha256.New()
	h.Write([]byte("edge fingerprint 1\n"))
	section := func(b []byte) {
		h.Write(binary.LittleEndian.AppendUint64(nil, uint64(len(b))))
		h.Write(b)
	}
	section(graph.b)
	section(quant.b)
	if m.Graph != nil {
		m.tensors(func(t []byte) { h.Write(t) })
	}
	if len(options.b) > 0 {
		section(options.b)
	}
	return Fingerprint(h.Sum(nil))
}
