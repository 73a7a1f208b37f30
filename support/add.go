package support

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/edge-camera/edge/embed"
)

// Add keeps a shot of a class, which it makes if there is none of that name.
// When it returns without error the shot is durable: a power cut cannot take
// it back.
//
// e is an embedding of the network whose fingerprint the Set was opened with;
// it is copied. crop is the picture as JPEG, at most 16 MiB, from which another
// network can make its own embedding later; it may be empty. source says where
// the picture came from, at most 32 KiB. at is when it was taken; the zero
// time means now.
func (s *Set) Add(class string, e embed.Embedding, crop []byte, source string, at time.Time) (Shot, error) {
	return s.AddMeasured(class, e, crop, source, at, nil)
}

// AddMeasured is Add of a picture whose quality is known; it is copied, and nil
// where it is not.
//
// The first one makes a store of an earlier version one of this, by a
// compaction. Where there is no room for that the shot is kept without the
// figures, which are worth less than a shot.
func (s *Set) AddMeasured(class string, e embed.Embedding, crop []byte, source string, at time.Time, q *Quality) (Shot, error) {
	if err := CheckName(class); err != nil {
		return Shot{}, err
	}
	return s.addPicture(kindShot, class, e, crop, source, at, q)
}

// addPicture keeps a shot or a negative.
func (s *Set) addPicture(k kind, class string, e embed.Embedding, crop []byte, source string, at time.Time, q *Quality) (Shot, error) {
	if len(crop) > maxCrop {
		return Shot{}, fmt.Errorf("%w: a crop of %d bytes, at most %d are kept", ErrShot, len(crop), maxCrop)
	}
	source = strings.ToValidUTF8(source, "\ufffd")
	if len(source) > maxSource {
		return Shot{}, fmt.Errorf("%w: a source of %d bytes, at most %d are kept", ErrShot, len(source), maxSource)
	}
	if len(e) == 0 || len(e) > maxDim {
		return Shot{}, fmt.Errorf("%w: an embedding of %d numbers, 1 to %d are kept", ErrShot, len(e), maxDim)
	}
	if q != nil {
		if err := q.Check(); err != nil {
			return Shot{}, fmt.Errorf("%w: %w", ErrShot, err)
		}
	}

	s.change.Lock()
	defer s.change.Unlock()
	if err := s.writable(); err != nil {
		return Shot{}, err
	}
	if s.fingerprint == (embed.Fingerprint{}) {
		return Shot{}, fmt.Errorf("%w: %s: it was opened without a model, which a shot needs", ErrModelMismatch, s.dir)
	}
	if dim := s.dimension(); dim != 0 && len(e) != dim {
		return Shot{}, fmt.Errorf("%w: %s: an embedding of %d numbers, want %d", ErrModelMismatch, s.dir, len(e), dim)
	}
	if at.IsZero() {
		at = s.now()
	}
	shot := &entry{
		id: s.nextID, at: storable(at), source: source, fingerprint: s.fingerprint, embedding: slices.Clone(e),
		cropCRC: checksum(crop), cropLen: uint32(len(crop)),
	}
	if err := shot.measure(dot(shot.embedding, shot.embedding)); err != nil {
		return Shot{}, fmt.Errorf("%w: %w", ErrShot, err)
	}
	c := change{kind: k, at: shot.at, id: shot.id, class: class, shot: shot}
	after, err := s.state.apply(c, false)
	if err != nil {
		return Shot{}, err
	}
	if k == kindNegative {
		// A program of an earlier version would leave it out of its next compaction.
		if err := s.raise(minorNegatives); err != nil {
			return Shot{}, err
		}
	}
	if q != nil {
		figures := *q
		if shot.quality, err = &figures, s.raiseIfRoom(minorQuality); err != nil {
			return Shot{}, err
		}
		if s.minor < minorQuality {
			shot.quality = nil
		}
	}
	rec := appendShot(nil, k, s.id, s.seq+1, class, shot, crop, shot.cropCRC)
	if err := s.commit(rec); err != nil {
		return Shot{}, err
	}
	shot.crop = s.end - int64(len(crop))
	shot.bytes = nextPage(int64(len(rec)))
	shot.floats = s.end - int64(len(rec)) + shot.floatsAt(class)
	s.nextID++
	s.push(c, after, int64(len(rec)))
	return shot.shot(class), nil
}

// dimension is the length that embeddings must have, 0 if any will do. Callers
// hold s.change.
func (s *Set) dimension() int {
	if s.dim != 0 {
		return s.dim
	}
	v := s.seen.Load()
	if v.dim == 0 && len(v.all.negatives) > 0 {
		return len(v.all.negatives[0].embedding)
	}
	return v.dim
}
