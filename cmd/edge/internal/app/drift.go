package app

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/edge-camera/edge/support"
)

// settled is after how many frames of a scene it counts for drift: not before
// whoever put something there has taken the hand away.
const settled = 3

// watch begins to look for drift anew, where that is asked for.
func (l *loop) watch() {
	if l.cfg.Enrolled == nil {
		return
	}
	if e := l.cfg.Enrolled(); l.drift == nil {
		l.drift = support.NewDrift(e)
	} else {
		l.drift.Enrol(e)
	}
}

// watchFrame counts what is seen and tells of an alarm.
func (l *loop) watchFrame(s *slot) {
	if l.drift == nil || l.views < min(settled, l.cfg.Views) {
		return
	}
	alarm, ok := l.drift.Observe(l.mean, s.answer, s.look.Time)
	if !ok {
		return
	}
	e := Event{
		Kind: EventDrift, Time: s.look.Time, Seq: s.look.Seq, Drift: alarm.Kind,
		Score: alarm.Score, Usual: alarm.Usual, Scenes: alarm.Scenes, Nearest: s.answer.Nearest,
	}
	if l.cfg.Keep != nil {
		path, err := l.cfg.Keep(&s.look)
		if err != nil {
			l.emit(ErrorEvent(fmt.Errorf("picture of the drift: %w", err)))
		}
		e.Picture = path
	}
	l.emit(e)
}

// driftPictures is how many pictures of alarms are kept.
const driftPictures = 8

// KeepIn returns a Config.Keep that writes the crop into the folder dir, which
// it makes, and leaves the last few there.
func KeepIn(dir string) func(*Look) (string, error) {
	const before, after = "drift-", ".jpg"
	return func(l *Look) (path string, err error) {
		crop, err := l.Crop()
		if err != nil {
			return "", err
		}
		if err := os.MkdirAll(dir, 0o777); err != nil {
			return "", err
		}
		at := l.Time
		if at.IsZero() {
			at = time.Now()
		}
		path = filepath.Join(dir, before+at.UTC().Format("20060102T150405.000")+after)
		if err := os.WriteFile(path, crop, 0o666); err != nil {
			return "", err
		}
		entries, err := os.ReadDir(dir)
		if err != nil {
			return path, err
		}
		entries = slices.DeleteFunc(entries, func(d os.DirEntry) bool {
			return !strings.HasPrefix(d.Name(), before) || !strings.HasSuffix(d.Name(), after)
		})
		for _, d := range entries[:max(len(entries)-driftPictures, 0)] { // by name, which is by time
			if err := os.Remove(filepath.Join(dir, d.Name())); err != nil {
				return path, err
			}
		}
		return path, nil
	}
}
