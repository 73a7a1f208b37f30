package evaluate

import (
	"encoding/json"
	"math"
	"slices"
)

// Mean is a mean over episodes. NaN, in JSON null, is what nothing was measured
// of.
type Mean struct {
	Mean float64
	CI95 float64 // half the width of the interval: 1.96 standard errors
}

// Defined reports whether anything was measured.
func (m Mean) Defined() bool { return !math.IsNaN(m.Mean) }

// mean leaves out values that are NaN: episodes that had nothing to measure.
func mean(values []float64) Mean {
	n, sum := 0, 0.0
	for _, v := range values {
		if !math.IsNaN(v) {
			n++
			sum += v
		}
	}
	if n == 0 {
		return Mean{math.NaN(), math.NaN()}
	}
	m := Mean{Mean: sum / float64(n), CI95: math.NaN()}
	if n == 1 {
		return m
	}
	square := 0.0
	for _, v := range values {
		if !math.IsNaN(v) {
			square += (v - m.Mean) * (v - m.Mean)
		}
	}
	m.CI95 = 1.96 * math.Sqrt(square/float64(n-1)/float64(n))
	return m
}

// Number is a float64 that JSON may not be able to say: then it is null.
type Number float64

// MarshalJSON implements json.Marshaler.
func (n Number) MarshalJSON() ([]byte, error) {
	if f := float64(n); math.IsNaN(f) || math.IsInf(f, 0) {
		return []byte("null"), nil
	}
	return json.Marshal(float64(n))
}

// auroc is the probability that a score of known is below one of unknown, ties
// counting half. It sorts both. NaN if one is empty.
func auroc(known, unknown []float64) float64 {
	if len(known) == 0 || len(unknown) == 0 {
		return math.NaN()
	}
	slices.Sort(known)
	slices.Sort(unknown)
	wins, below, upTo := 0.0, 0, 0
	for _, u := range unknown {
		for below < len(known) && known[below] < u {
			below++
		}
		for upTo < len(known) && known[upTo] <= u {
			upTo++
		}
		wins += float64(below) + float64(upTo-below)/2
	}
	return wins / float64(len(known)) / float64(len(unknown))
}

// fpr95 is the share of unknown scores that are not above the smallest score
// that at least 95 % of the known ones are not above. It sorts known. NaN if
// one is empty.
func fpr95(known, unknown []float64) float64 {
	if len(known) == 0 || len(unknown) == 0 {
		return math.NaN()
	}
	slices.Sort(known)
	n := len(known)
	line := known[(95*n+99)/100-1]
	return share(unknown, line)
}

// share is the part of values up to line.
func share(values []float64, line float64) float64 {
	n := 0
	for _, v := range values {
		if v <= line {
			n++
		}
	}
	return float64(n) / float64(len(values))
}
