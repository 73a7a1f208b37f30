package support

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
)

// photoSet is shots of ways classes as photographs lie, blurred, and some more of
// each.
func photoSet(r *rand.Rand, ways, shots, more int, blur float64) (taught, rest []Shot) {
	next := photographs(r, 256, ways)
	n := make([]int, ways)
	for len(taught) < ways*shots || len(rest) < ways*more {
		w, e := next()
		s := Shot{Class: fmt.Sprint("class ", w), Embedding: plus(e, gaussian(r, 256, blur))}
		switch n[w]++; {
		case n[w] <= shots:
			taught = append(taught, s)
		case n[w] <= shots+more:
			rest = append(rest, s)
		}
	}
	return taught, rest
}

// blurred is how much makes leave-one-out name one shot in ten wrong.
const blurred = 0.1

func kinds(all []Advice) map[AdviceKind]int {
	n := map[AdviceKind]int{}
	for _, a := range all {
		n[a.Kind]++
	}
	return n
}

// What was taught by its right name raises hardly an alarm, whatever the number
// of classes and shots; a shot under a wrong name is found more often than not.
func TestOutliers(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(41, 1))
	alarms, shots, found, asked, wrongly := 0, 0, 0, 0, 0.0
	for range 30 {
		for _, c := range []struct{ ways, shots int }{{2, 3}, {5, 3}, {5, 5}, {10, 5}, {5, 10}} {
			hard, _ := photoSet(r, c.ways, c.shots, 0, blurred)
			set := must(NewClassifier(hard, Rule{}))(t)
			wrongly += (1 - set.Estimate().Accuracy) * float64(len(hard))
			alarms += kinds(set.Advice())[Outlier]
			shots += len(hard)

			taught, rest := photoSet(r, c.ways, c.shots, 1, 0)
			wrong := rest[0]
			other := r.IntN(c.ways)
			if fmt.Sprint("class ", other) == wrong.Class {
				other = (other + 1) % c.ways
			}
			right := wrong.Class
			wrong.Class = fmt.Sprint("class ", other)
			set = must(NewClassifier(append(slices.Clone(taught), wrong), Rule{}))(t)
			asked++
			for _, a := range set.Advice() {
				if a.Kind == Outlier && a.Shot == uint64(len(taught))+1 && a.Class == wrong.Class && a.Other == right {
					found++
				}
			}
		}
	}
	t.Logf("%.0f shots named wrong, %d alarms in %d; %d of %d found", wrongly, alarms, shots, found, asked)
	if alarms*200 > shots || wrongly < 100 {
		t.Errorf("%d of %d shots by their right name raise an alarm", alarms, shots)
	}
	if found*2 < asked {
		t.Errorf("%d of %d shots by a wrong name are found", found, asked)
	}
}

// Two classes of one thing are told of, whatever head decides, and no two others.
func TestOverlaps(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(42, 1))
	alarms, pairs, found, sets := 0, 0, 0, 0
	for range 10 {
		for _, head := range []Head{Auto, Prototype, NearestShot, Ridge, LDA} {
			taught, _ := photoSet(r, 6, 8, 0, 0)
			n := 0
			for i := range taught { // half of class 0 becomes a class of its own
				if taught[i].Class == "class 0" {
					if n++; n%2 == 0 {
						taught[i].Class = "twin"
					}
				}
			}
			hard, _ := photoSet(r, 10, 5, 0, blurred)
			alarms += kinds(must(NewClassifier(hard, Rule{Head: head}))(t).Advice())[Overlap]
			pairs += 10 * 9 / 2
			sets++
			pairs += 7*6/2 - 1
			for _, a := range must(NewClassifier(taught, Rule{Head: head}))(t).Advice() {
				if a.Kind != Overlap {
					continue
				}
				names := []string{a.Class, a.Other}
				slices.Sort(names)
				if slices.Equal(names, []string{"class 0", "twin"}) {
					found++
					if a.Of != 8 || a.Shots < overlapShots || a.Shots > 8 {
						t.Errorf("%s: %+v", head, a)
					}
				} else {
					alarms++
				}
			}
		}
	}
	t.Logf("%d of %d found; %d alarms in %d pairs", found, sets, alarms, pairs)
	if found*10 < sets*7 || alarms*100 > pairs {
		t.Errorf("%d of %d found; %d alarms in %d pairs", found, sets, alarms, pairs)
	}
}

func TestBursts(t *testing.T) {
	r := rand.New(rand.NewPCG(43, 1))
	taught, _ := photoSet(r, 3, 3, 0, 0)
	if all := must(NewClassifier(taught, Rule{}))(t).Advice(); len(all) > 0 {
		t.Fatalf("of single pictures: %v", all)
	}
	first := slices.IndexFunc(taught, func(s Shot) bool { return s.Class == "class 1" })
	for _, e := range burst(r, taught[first].Embedding, 2) {
		for i := range e {
			e[i] = taught[first].Embedding[i] + (e[i]-taught[first].Embedding[i])/50
		}
		taught = append(taught, Shot{Class: "class 1", Embedding: e})
	}
	want := []Advice{{Kind: Burst, Class: "class 1", Shot: uint64(first) + 1, Shots: 3, Of: 5}}
	if got := must(NewClassifier(taught, Rule{}))(t).Advice(); !slices.Equal(got, want) {
		t.Errorf("%+v, want %+v", got, want)
	}
	// Frames alone are the Basis's business.
	only := taught[9:]
	if got := must(NewClassifier(append(slices.Clone(only), only...), Rule{}))(t).Advice(); len(got) > 0 {
		t.Errorf("of frames alone: %+v", got)
	}
}

// A Set gives the advice that its shots lead to, as soon as they do.
func TestSetAdvises(t *testing.T) {
	r := rand.New(rand.NewPCG(44, 1))
	s := must(Open(testDir, Options{FS: newMemFS(), Fingerprint: printA, Dim: 256}))(t)
	defer s.Close()
	if all := s.Advice(); len(all) > 0 {
		t.Errorf("of nothing: %v", all)
	}
	taught, rest := photoSet(r, 4, 6, 1, 0)
	rest[0].Class, rest[1].Class = rest[1].Class, rest[0].Class
	for _, shot := range append(taught, rest[:2]...) {
		must(s.Add(shot.Class, shot.Embedding, nil, "", shot.Time))(t)
	}
	s.Settle()
	want := must(NewClassifier(append(taught, rest[:2]...), Rule{}))(t).Advice()
	got := s.Advice()
	if len(got) == 0 || !slices.Equal(got, want) {
		t.Fatalf("%+v, want %+v", got, want)
	}
	// A move to the right class ends it.
	for _, a := range got {
		if a.Kind == Outlier {
			if err := s.Move(a.Shot, a.Other); err != nil {
				t.Fatal(err)
			}
		}
	}
	if left := kinds(s.Advice())[Outlier]; left > 0 {
		t.Errorf("%d outliers after they moved: %+v", left, s.Advice())
	}
}

func TestAdviceText(t *testing.T) {
	for want, a := range map[string]Advice{
		`shot 12 of "cup" looks more like "plate"`:                                                 {Kind: Outlier, Class: "cup", Other: "plate", Shot: 12, Shots: 1, Of: 5},
		`"ripe" and "unripe" are hard to tell apart: 31 % of their shots look more like the other`: {Kind: Overlap, Class: "ripe", Other: "unripe", Shots: 5, Of: 16},
		`5 of the 7 shots of "cup" are nearly one picture and count as one`:                        {Kind: Burst, Class: "cup", Shot: 1, Shots: 5, Of: 7},
	} {
		if got := a.String(); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}
