//go:build !device

package command

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/edge-camera/edge/embed"
	"github.com/edge-camera/edge/support"
	"github.com/edge-camera/edge/support/evaluate"
)

// evalLine is what one head came to, as shares from 0 to 1. Null is what was
// not measured.
type evalLine struct {
	Way         int             `json:"way"`
	Shot        int             `json:"shot"`
	Query       int             `json:"query"`
	Episodes    int             `json:"episodes"`
	Seed        uint64          `json:"seed"`
	Accuracy    evaluate.Number `json:"accuracy"`
	CI95        evaluate.Number `json:"ci95"`
	Classes     int             `json:"classes"` // of the folder that can be drawn
	AUROC       evaluate.Number `json:"auroc"`
	FPR95       evaluate.Number `json:"fpr95"`
	FalseAccept evaluate.Number `json:"false_accept"`
	FalseReject evaluate.Number `json:"false_reject"`

	Head             support.Head         `json:"head"`
	Heads            map[support.Head]int `json:"heads"` // in how many episodes each chose
	Views            int                  `json:"views"`
	Asked            support.Rule         `json:"asked"`
	KnownRight       evaluate.Number      `json:"known_right"`
	FalseRejectCI95  evaluate.Number      `json:"false_reject_ci95"`
	AUROCCI95        evaluate.Number      `json:"auroc_ci95"`
	FalseAcceptCI95  evaluate.Number      `json:"false_accept_ci95"`
	FarAUROC         evaluate.Number      `json:"far_auroc"`
	FarFPR95         evaluate.Number      `json:"far_fpr95"`
	FarFalseAccept   evaluate.Number      `json:"far_false_accept"`
	Against          support.Head         `json:"against"` // the first head; gains are the mean differences to it on the same episodes
	Gain             evaluate.Number      `json:"gain"`    // in accuracy
	GainCI95         evaluate.Number      `json:"gain_ci95"`
	Score            support.Score        `json:"score"`
	AgainstScore     support.Score        `json:"against_score"` // the first line's
	AUROCGain        evaluate.Number      `json:"auroc_gain"`
	AUROCGainCI95    evaluate.Number      `json:"auroc_gain_ci95"`
	Pictures         int                  `json:"pictures"`
	Unreadable       int                  `json:"unreadable"`
	ClassesTooSmall  []string             `json:"classes_too_small"`
	ModelFingerprint embed.Fingerprint    `json:"fingerprint"`

	Negatives int       `json:"negatives,omitempty"`
	With      *evalWith `json:"with_negatives,omitempty"` // only with negatives
}

// evalWith is what the negatives make of it, on the same episodes.
type evalWith struct {
	KnownRight      evaluate.Number `json:"known_right"`
	FalseReject     evaluate.Number `json:"false_reject"`
	MoreRejects     evaluate.Number `json:"more_rejects"` // false_reject less that without
	MoreRejectsCI95 evaluate.Number `json:"more_rejects_ci95"`
	SeenFalseAccept evaluate.Number `json:"seen_false_accept"` // of near unknowns of their classes
	SeenWithout     evaluate.Number `json:"seen_false_accept_without"`
	FalseAccept     evaluate.Number `json:"false_accept"` // of the other near unknowns
	FarFalseAccept  evaluate.Number `json:"far_false_accept"`
}

type evalOptions struct {
	support, far, cache      string
	way, shot, query, views  int
	episodes, negatives      int
	seed                     uint64
	heads, scores            []string
	falseReject, falseAccept float64
	allWay, openSet          bool
	region                   regionFlag
}

func newEval(e *env) *cobra.Command {
	var o evalOptions
	c := &cobra.Command{
		Use:   "eval DIR",
		Short: "Measure how well it would learn the classes in a folder of folders",
		Long: `Eval teaches a few pictures of some classes and asks about others, many times over
with other ones: N-way K-shot accuracy with its 95 % confidence interval, by the
code that answers on the device. DIR holds a folder of pictures for every class.
With --support, shots come from that folder and questions from DIR.

With --open-set it also asks about things that were never taught: near unknowns
are pictures of DIR's other classes, far unknowns those of --far. AUROC says how
well distances tell them from known ones, fpr95 how many pass where 95 % of the
known ones do; false accepts and rejects are those of the threshold that the
device would set.

With --negatives it is also told of pictures of further classes that they are
nothing, two of each, and asked the same again: seen unknowns are other pictures
of those classes, near unknowns then those of the rest.

Several heads, and several scores, are compared on the same episodes. Each picture
is embedded once and kept in the user's cache.`,
		Example: "  edge eval photos --way 5 --shot 5\n  edge eval photos --open-set --far other-photos --head prototype,ridge,auto --episodes 1000",
		Args:    arguments(1, 1, "a folder with a folder of pictures for every class"),
		RunE:    func(c *cobra.Command, args []string) error { return e.eval(c.Context(), args[0], &o) },
	}
	f := c.Flags()
	f.StringVar(&o.support, "support", "", "folder of folders to take the shots from; classes go by the folders' names")
	f.StringVar(&o.far, "far", "", "folder of pictures of altogether other things, for --open-set")
	count(f, &o.way, "way", 5, 2, 100_000, "classes an episode")
	f.BoolVar(&o.allWay, "all-way", false, "all classes in every episode, whatever --way says")
	count(f, &o.shot, "shot", 5, 1, 1000, "pictures to teach of each class")
	count(f, &o.query, "query", 15, 1, 100_000, "pictures to ask about of each class, at most")
	count(f, &o.episodes, "episodes", 600, 1, 1_000_000, "how many times")
	f.Uint64Var(&o.seed, "seed", 1, "which classes and pictures are drawn")
	count(f, &o.views, "views", 1, 1, 100, "pictures of one thing that an answer rests on, averaged")
	f.StringSliceVar(&o.heads, "head", []string{string(support.Auto)}, "what chooses among the classes, or several to compare: "+headNames())
	f.StringSliceVar(&o.scores, "score", []string{string(support.Scores()[0])}, "distance that the threshold bounds, or several to compare: "+scoreNames())
	f.BoolVar(&o.openSet, "open-set", false, "ask about things that were never taught, too")
	count(f, &o.negatives, "negatives", 0, 0, 100_000, "pictures of further classes to teach as nothing, for --open-set")
	ruleVars(f, &o.falseReject, &o.falseAccept)
	f.StringVar(&o.cache, "cache", "", "folder that keeps the embeddings (default edge/embeddings in the user's cache)")
	regionVar(f, &o.region)
	return c
}

// rules are the heads to compare.
func (o *evalOptions) rules() (rules []support.Rule, err error) {
	for _, h := range o.heads {
		r := support.Rule{FalseReject: o.falseReject, FalseAccept: o.falseAccept, Head: support.Head(h)}
		if err := r.Check(); err != nil {
			return nil, ruleError("eval", err)
		}
		if slices.Contains(rules, r) {
			return nil, usagef("name each head once", "eval: --head: %q is there twice", h)
		}
		rules = append(rules, r)
	}
	if len(rules) == 0 {
		return nil, usagef("one of "+headNames(), "eval: --head: needs a value")
	}
	return rules, nil
}

// distances are the scores to compare.
func (o *evalOptions) distances() (scores []support.Score, err error) {
	for _, name := range o.scores {
		s := support.Score(name)
		if err := s.Check(); err != nil {
			return nil, usagef("one of "+scoreNames(), "eval: --score: there is no %q", name)
		}
		if slices.Contains(scores, s) {
			return nil, usagef("name each score once", "eval: --score: %q is there twice", name)
		}
		scores = append(scores, s)
	}
	if len(scores) == 0 {
		return nil, usagef("one of "+scoreNames(), "eval: --score: needs a value")
	}
	return scores, nil
}

func scoreNames() string {
	var names []string
	for _, s := range support.Scores() {
		names = append(names, string(s))
	}
	return strings.Join(names, ", ")
}

func (e *env) eval(ctx context.Context, dir string, o *evalOptions) error {
	rules, err := o.rules()
	if err != nil {
		return err
	}
	scores, err := o.distances()
	if err != nil {
		return err
	}
	if o.far != "" || o.negatives > 0 {
		o.openSet = true
	}
	var queries, shots, far *collection
	if queries, err = listCollection(dir, false); err != nil {
		return err
	}
	if o.support != "" {
		if shots, err = listCollection(o.support, false); err != nil {
			return err
		}
	} else {
		shots, queries = queries, nil
	}
	if o.far != "" {
		if far, err = listCollection(o.far, true); err != nil {
			return err
		}
	}
	network, err := e.openNetwork()
	if err != nil {
		return err
	}
	pictures, m, err := e.embedCollections(ctx, network, embed.Region(o.region), o.cache, []*collection{shots, queries, far})
	if err != nil {
		return err
	}
	var unknown []embed.Embedding
	for _, p := range pictures[2] {
		unknown = append(unknown, p.Embedding)
	}
	few := "every class needs more pictures than --shot, and --way so many classes; lower one of them or add pictures"
	if o.support != "" && len(pictures[1]) == 0 {
		return coded(exitCamera, fmt.Errorf("%s: none of its pictures can be read", dir), "")
	}
	pool, err := evaluate.NewPool(pictures[0], pictures[1], unknown)
	if err != nil {
		return coded(exitFailed, pathError(dir, err), few)
	}
	usable, short := pool.Usable(o.shot)
	if len(short) > 0 {
		e.note("%s with too few pictures to teach %d and ask about one, so no episode draws %s: %s", number(len(short), "class", "classes"), o.shot, map[bool]string{true: "it", false: "them"}[len(short) == 1], nameSome(short))
	}
	way := o.way
	if o.allWay {
		way = len(usable)
	}
	p := e.startProgress("episode", false)
	results, err := evaluate.Run(ctx, pool, evaluate.Options{
		Way: way, Shot: o.shot, Query: o.query, Episodes: o.episodes, Seed: o.seed, Views: o.views, Negatives: o.negatives, Rules: rules, Scores: scores, Progress: p.step,
	})
	p.end()
	if errors.Is(err, evaluate.ErrPool) {
		return coded(exitFailed, pathError(dir, err), few)
	}
	if err != nil {
		return err
	}
	l := evalLine{
		Way: way, Shot: o.shot, Query: o.query, Episodes: o.episodes, Seed: o.seed, Classes: len(usable), Views: o.views,
		Negatives: o.negatives, Pictures: len(slices.Concat(pictures...)), Unreadable: m.bad.count, ClassesTooSmall: append([]string{}, short...), ModelFingerprint: network.Fingerprint(),
	}
	if !e.json {
		e.note("%s, %d-way %d-shot, up to %d questions a class, %s of %s, seed %d", "model "+network.Fingerprint().Short(), l.Way, l.Shot, l.Query, number(l.Episodes, "episode", "episodes"), number(l.Classes, "class", "classes"), l.Seed)
	}
	for _, r := range results {
		l.fill(r, results[0], o.openSet)
		if err := e.line(l, "%s", evalText(r, results[0], len(scores) > 1, o.openSet)); err != nil {
			return err
		}
	}
	if l.Unreadable > 0 {
		e.note("%s could not be read and %s left out", number(l.Unreadable, "picture", "pictures"), map[bool]string{true: "was", false: "were"}[l.Unreadable == 1])
	}
	return m.bad.err()
}

// nameSome lists the first of many names.
func nameSome(names []string) string {
	const most = 5
	if len(names) <= most {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), len(names)-most)
}

func (l *evalLine) fill(r, first evaluate.Result, openSet bool) {
	n := func(f float64) evaluate.Number { return evaluate.Number(f) }
	l.Head, l.Heads, l.Asked, l.Against = r.Rule.Head, r.Heads, r.Rule, first.Rule.Head
	l.Score, l.AgainstScore = r.Score, first.Score
	l.Accuracy, l.CI95, l.KnownRight = n(r.Accuracy.Mean), n(r.Accuracy.CI95), n(r.Right.Mean)
	l.FalseReject, l.FalseRejectCI95 = n(r.FalseReject.Mean), n(r.FalseReject.CI95)
	l.Gain, l.GainCI95 = n(r.Gain.Mean), n(r.Gain.CI95)
	if !openSet {
		none := evaluate.Mean{Mean: math.NaN(), CI95: math.NaN()}
		r.AUROC, r.FPR95, r.FalseAccept, r.FarAUROC, r.FarFPR95, r.FarFalseAccept, r.AUROCGain = none, none, none, none, none, none, none
	}
	l.AUROCGain, l.AUROCGainCI95 = n(r.AUROCGain.Mean), n(r.AUROCGain.CI95)
	l.AUROC, l.AUROCCI95, l.FPR95 = n(r.AUROC.Mean), n(r.AUROC.CI95), n(r.FPR95.Mean)
	l.FalseAccept, l.FalseAcceptCI95 = n(r.FalseAccept.Mean), n(r.FalseAccept.CI95)
	l.FarAUROC, l.FarFPR95, l.FarFalseAccept = n(r.FarAUROC.Mean), n(r.FarFPR95.Mean), n(r.FarFalseAccept.Mean)
	l.With = nil
	if w := r.With; w != nil {
		l.With = &evalWith{
			KnownRight: n(w.Right.Mean), FalseReject: n(w.FalseReject.Mean), MoreRejects: n(w.MoreRejects.Mean), MoreRejectsCI95: n(w.MoreRejects.CI95),
			SeenFalseAccept: n(w.Seen.Mean), SeenWithout: n(w.SeenWithout.Mean), FalseAccept: n(w.FalseAccept.Mean), FarFalseAccept: n(w.FarFalseAccept.Mean),
		}
	}
}

// evalText is a Result for people; its score is named where there are several.
func evalText(r, first evaluate.Result, scores, openSet bool) string {
	percent := func(m evaluate.Mean) string {
		if !m.Defined() {
			return "not measured"
		}
		return fmt.Sprintf("%.1f %% ± %.1f", 100*m.Mean, 100*m.CI95)
	}
	var b strings.Builder
	name := func(r evaluate.Result) string {
		if scores {
			return fmt.Sprintf("%s, %s", r.Rule.Head, r.Score)
		}
		return string(r.Rule.Head)
	}
	against := func(gain evaluate.Mean) string {
		if r.Rule == first.Rule && r.Score == first.Score {
			return ""
		}
		return fmt.Sprintf(" (%+.1f ± %.1f against %s)", 100*gain.Mean, 100*gain.CI95, name(first))
	}
	fmt.Fprintf(&b, "%s: accuracy %s%s", name(r), percent(r.Accuracy), against(r.Gain))
	fmt.Fprintf(&b, "; known pictures rejected %s, known and right %s", percent(r.FalseReject), percent(r.Right))
	if openSet {
		if r.AUROC.Defined() {
			fmt.Fprintf(&b, "\n  near unknowns: AUROC %s%s, fpr95 %s, accepted %s", percent(r.AUROC), against(r.AUROCGain), percent(r.FPR95), percent(r.FalseAccept))
		} else {
			b.WriteString("\n  near unknowns: none, because every class is taught")
		}
		if r.FarAUROC.Defined() {
			fmt.Fprintf(&b, "\n  far unknowns: AUROC %s, fpr95 %s, accepted %s", percent(r.FarAUROC), percent(r.FarFPR95), percent(r.FarFalseAccept))
		}
	}
	if w := r.With; w != nil {
		fmt.Fprintf(&b, "\n  with negatives: known pictures rejected %s (%+.1f ± %.1f), seen unknowns accepted %s (without %s), near %s",
			percent(w.FalseReject), 100*w.MoreRejects.Mean, 100*w.MoreRejects.CI95, percent(w.Seen), percent(w.SeenWithout), percent(w.FalseAccept))
		if w.FarFalseAccept.Defined() {
			fmt.Fprintf(&b, ", far %s", percent(w.FarFalseAccept))
		}
	}
	if r.Rule.Head == support.Auto {
		b.WriteString("\n  chosen:")
		for _, h := range support.Heads() {
			if n := r.Heads[h]; n > 0 {
				fmt.Fprintf(&b, " %s %d", h, n)
			}
		}
	}
	return b.String()
}
