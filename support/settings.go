package support

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"
)

// Rule is what SetRule chose last, the defaults filled in.
func (s *Set) Rule() Rule {
	s.change.Lock()
	defer s.change.Unlock()
	return s.rule.fill()
}

// SetRule makes a Rule the one that answers follow, durably. It is a setting
// and no change of what was taught, so Undo passes it by. The error wraps
// ErrRule if the Rule cannot be.
func (s *Set) SetRule(r Rule) error {
	if err := r.Check(); err != nil {
		return err
	}
	s.change.Lock()
	defer s.change.Unlock()
	if err := s.writable(); err != nil {
		return err
	}
	if r == s.rule {
		return nil // nothing is written but changes
	}
	// A program of the first version would leave the Rule out of its next
	// compaction. It refuses to write to a file of this version.
	if err := s.raise(minorRule); err != nil {
		return err
	}
	if err := s.commit(appendRule(nil, s.id, s.seq+1, storable(s.now()), r)); err != nil {
		return err
	}
	s.rule = r
	s.publish()
	s.compactIfWorth()
	return nil
}

// Estimate says how well the Set would do, as far as its shots tell. It is
// empty while Settle would wait, and with more than 1,500 shots.
func (s *Set) Estimate() Estimate { return s.seen.Load().estimate }

// appendRule appends a whole record of kindRule.
func appendRule(b []byte, file, seq uint64, at time.Time, r Rule) []byte {
	le := binary.LittleEndian
	start := len(b)
	b = append(b, make([]byte, recordSize)...)
	b = appendTime(b, at)
	b = le.AppendUint64(b, math.Float64bits(r.FalseReject))
	b = le.AppendUint64(b, math.Float64bits(r.FalseAccept))
	b = le.AppendUint16(b, uint16(len(r.Head)))
	b = append(b, r.Head...)
	seal(b[start:], kindRule, file, seq, len(b)-start-recordSize)
	return b
}

// decodeRule reads the meta of a record of kindRule. What follows the head is
// left to later minor versions, and so are heads that are not known yet: those
// are Auto here.
func decodeRule(b []byte) (Rule, error) {
	le := binary.LittleEndian
	short := errors.New("a rule is too short")
	if len(b) < ruleSize {
		return Rule{}, short
	}
	if _, err := decodeTime(b); err != nil {
		return Rule{}, err
	}
	r := Rule{FalseReject: math.Float64frombits(le.Uint64(b[timeSize:])), FalseAccept: math.Float64frombits(le.Uint64(b[timeSize+8:]))}
	n := int(le.Uint16(b[timeSize+16:]))
	if b = b[ruleSize:]; len(b) < n {
		return Rule{}, short
	}
	if r.Head = Head(b[:n]); r.Head != "" && !slices.Contains(Heads(), r.Head) {
		r.Head = Auto
	}
	if err := r.Check(); err != nil {
		return Rule{}, fmt.Errorf("record: %w", err)
	}
	return r, nil
}
