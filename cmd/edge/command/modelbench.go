package command

import (
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/edge-camera/edge/embed"
)

type benchLine struct {
	Model    string     `json:"model"`
	Tier     string     `json:"tier"`
	Threads  int        `json:"threads"`
	Rounds   int        `json:"rounds"`
	MS       *quantiles `json:"ms"` // null after 0 rounds
	LoadMS   float64    `json:"load_ms"`
	RSSBytes int64      `json:"rss_bytes"`
}

type quantiles struct {
	Min float64 `json:"min"`
	P50 float64 `json:"p50"`
	P99 float64 `json:"p99"`
}

func newModelBench(e *env) *cobra.Command {
	var rounds, warmup int
	c := &cobra.Command{
		Use:   "bench",
		Short: "Time the network on this board",
		Long: `Bench embeds one fixed 640×480 picture again and again and prints milliseconds:
the fastest, the median and the 99th percentile, preprocessing included. load_ms
is from the file to a network ready for its first picture, rss_bytes the memory
that the process holds at the end.`,
		Example: "  edge model bench --rounds 100 --threads 1 --json",
		Args:    noArguments,
		RunE: func(c *cobra.Command, _ []string) error {
			start := time.Now()
			network, err := e.openNetwork()
			if err != nil {
				return err
			}
			session := network.NewSession(e.threads)
			defer session.Close()
			l := benchLine{Model: network.Model().Meta.Name, Tier: network.Kernel(), Threads: e.threads, Rounds: rounds, LoadMS: milliseconds(time.Since(start))}

			picture := benchPicture()
			dst := make(embed.Embedding, network.Dim())
			p := e.startProgress("rounds", false)
			defer p.end()
			var took []time.Duration
			if rounds < fewRounds && !c.Flags().Changed("warmup") {
				warmup = 0
			}
			for i := -warmup; i < rounds; i++ {
				if err := c.Context().Err(); err != nil {
					return err
				}
				start := time.Now()
				if err := session.Embed(dst, picture, embed.Region{}); err != nil {
					return err
				}
				if i >= 0 {
					took = append(took, time.Since(start))
					p.step(i+1, rounds)
				}
			}
			p.end()
			text := fmt.Sprintf("%s: %s, %s, loaded in %.1f ms", l.Model, l.Tier, number(l.Threads, "thread", "threads"), l.LoadMS)
			if len(took) > 0 {
				l.MS = quantilesOf(took)
				text += fmt.Sprintf("; %s: fastest %.1f ms, median %.1f ms, 99th percentile %.1f ms", number(rounds, "round", "rounds"), l.MS.Min, l.MS.P50, l.MS.P99)
			}
			l.RSSBytes = residentBytes()
			return e.line(l, "%s; %.1f MB of memory", text, float64(l.RSSBytes)/1e6)
		},
	}
	count(c.Flags(), &rounds, "rounds", 50, 0, 1_000_000, "pictures to time; 0 only loads")
	count(c.Flags(), &warmup, "warmup", 3, 0, 1_000_000, fmt.Sprintf("pictures before the clock starts; none by default for fewer than %d rounds", fewRounds))
	return c
}

// Below fewRounds, quantiles mean little and it is the work of each round that
// is of interest: one round more is then exactly one picture more, so that an
// instruction counter can be told what a picture costs.
const fewRounds = 10

// benchPicture is the fixed picture: smooth gradients with a grain, so that
// nothing of it is trivially equal to its neighbour.
func benchPicture() embed.Picture {
	const w, h = 640, 480
	pix := make([]byte, 0, w*h*3)
	for y := range h {
		for x := range w {
			pix = append(pix, byte(x*255/w), byte(y*255/h), byte((x*x+y*7)%256))
		}
	}
	return embed.Picture{Pix: pix, Width: w, Height: h, Stride: w * 3, Format: embed.RGB}
}

// quantilesOf sorts took. The p-quantile of n is its ⌈p·n⌉-th smallest.
func quantilesOf(took []time.Duration) *quantiles {
	slices.Sort(took)
	at := func(percent int) float64 { return milliseconds(took[(len(took)*percent+99)/100-1]) }
	return &quantiles{milliseconds(took[0]), at(50), at(99)}
}
