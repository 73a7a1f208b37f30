package camera

import (
	"cmp"
	"context"
	"time"
)

// paced delivers a clip's frames no earlier than they are due.
type paced struct {
	closing
	src    Source
	period time.Duration
	start  time.Time // when frame 0 is due; the first call of Next
	timer  *time.Timer
	held   *Frame // read, but its caller gave up before it was due
}

// pace holds src to rate frames a second by the clock. Work that is slower
// than that gets its frames late and in full; only Newest drops any.
func pace(src Source, rate float64) Source {
	return &paced{closing: newClosing(), src: src, period: time.Duration(float64(time.Second) / rate)}
}

func (p *paced) String() string { return p.src.String() }

func (p *paced) FPS() float64 { return float64(time.Second) / float64(p.period) }

func (p *paced) Next(ctx context.Context, f *Frame) error {
	if p.start.IsZero() {
		p.start = time.Now()
	}
	if p.held != nil {
		if err := cmp.Or(ctx.Err(), p.err(p.String())); err != nil {
			return err
		}
		f.CopyFrom(p.held)
		p.held = nil
	} else if err := p.src.Next(ctx, f); err != nil {
		return err
	}
	due := time.Until(p.start.Add(time.Duration(f.Seq) * p.period))
	if due <= 0 {
		return nil
	}
	if p.timer == nil {
		p.timer = time.NewTimer(due)
	} else {
		p.timer.Reset(due)
	}
	defer p.timer.Stop()
	select {
	case <-p.timer.C:
		return nil
	case <-ctx.Done():
		p.held = new(Frame)
		p.held.CopyFrom(f)
		return ctx.Err()
	case <-p.done:
		return p.err(p.String())
	}
}

func (p *paced) Close() error {
	p.shut()
	return p.src.Close()
}

// fps returns a source's frame rate, 0 where it is not known.
func fps(src Source) float64 {
	if r, ok := src.(Rated); ok {
		return r.FPS()
	}
	return 0
}
