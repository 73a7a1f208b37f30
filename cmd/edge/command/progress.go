package command

import (
	"fmt"
	"time"
)

// progress is one line on a terminal that rewrites itself. A nil progress does
// nothing.
type progress struct {
	e     *env
	what  string
	shown time.Time
	width int
}

// startProgress returns nil where nobody would see the line, or where results
// are being printed to the same terminal and would be torn by it.
func (e *env) startProgress(what string, resultsMeanwhile bool) *progress {
	if e.quiet || e.noProgress || !terminal(e.stderr) || resultsMeanwhile && terminal(e.stdout) {
		return nil
	}
	return &progress{e: e, what: what}
}

// step shows that done of total are done; total 0 where it is not known.
func (p *progress) step(done, total int) {
	if p == nil || time.Since(p.shown) < 100*time.Millisecond && done != total {
		return
	}
	p.shown = time.Now()
	text := fmt.Sprintf("%s: %d", p.what, done)
	if total > 0 {
		text += fmt.Sprintf(" of %d", total)
	}
	fmt.Fprintf(p.e.stderr, "\r%-*s", p.width, text)
	p.width = len(text)
}

// end clears the line.
func (p *progress) end() {
	if p != nil && p.width > 0 {
		fmt.Fprintf(p.e.stderr, "\r%*s\r", p.width, "")
		p.width = 0
	}
}
