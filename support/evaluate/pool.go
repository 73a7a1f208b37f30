package evaluate

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/edge-camera/edge/embed"
)

// Picture is one picture of a collection, as the network sees it.
type Picture struct {
	Class     string
	Embedding embed.Embedding
}

// Pool is a collection of pictures by class.
type Pool struct {
	classes []class
	apart   bool // queries are other pictures than those that shots are drawn from
	far     []embed.Embedding
	dim     int
}

type class struct {
	name    string
	shots   []embed.Embedding
	queries []embed.Embedding // the same slice as shots unless apart
}

// ErrPool: a collection that cannot be measured on, or not as asked.
var ErrPool = errors.New("too few pictures")

// NewPool sorts pictures into classes. If queries is empty, shots and queries
// of an episode are different ones of shots; else shots are drawn from shots,
// queries from queries, and a class must be in both to count. far are pictures
// that belong to no class at all; it may be empty. Embeddings are shared.
//
// The error wraps ErrPool.
func NewPool(shots, queries []Picture, far []embed.Embedding) (*Pool, error) {
	p := &Pool{apart: len(queries) > 0, far: far}
	by := map[string]*class{}
	get := func(name string) *class {
		if by[name] == nil {
			by[name] = &class{name: name}
		}
		return by[name]
	}
	for _, s := range shots {
		c := get(s.Class)
		c.shots = append(c.shots, s.Embedding)
	}
	for _, q := range queries {
		c := get(q.Class)
		c.queries = append(c.queries, q.Embedding)
	}
	for _, c := range by {
		if !p.apart {
			c.queries = c.shots
		}
		p.classes = append(p.classes, *c)
	}
	// An episode depends on the seed and not on the order of files.
	slices.SortFunc(p.classes, func(a, b class) int { return strings.Compare(a.name, b.name) })
	if len(shots) == 0 {
		return nil, fmt.Errorf("%w: there is none", ErrPool)
	}
	p.dim = len(shots[0].Embedding)
	check := func(e embed.Embedding) error {
		if len(e) != p.dim {
			return fmt.Errorf("%w of one network: one has %d numbers, another %d", ErrPool, p.dim, len(e))
		}
		return nil
	}
	var errs error
	for _, c := range p.classes {
		for _, e := range slices.Concat(c.shots, c.queries) {
			errs = cmpErr(errs, check(e))
		}
	}
	for _, e := range far {
		errs = cmpErr(errs, check(e))
	}
	if errs != nil {
		return nil, errs
	}
	return p, nil
}

// cmpErr keeps the first error.
func cmpErr(a, b error) error {
	if a != nil {
		return a
	}
	return b
}

// Usable returns the classes that have a picture to ask about beside shot to
// teach, and those that have not.
func (p *Pool) Usable(shot int) (usable, short []string) {
	for i := range p.classes {
		if p.classes[i].usable(p.apart, shot) {
			usable = append(usable, p.classes[i].name)
		} else {
			short = append(short, p.classes[i].name)
		}
	}
	return usable, short
}

func (c *class) usable(apart bool, shot int) bool {
	if apart {
		return len(c.shots) >= shot && len(c.queries) > 0
	}
	return len(c.shots) > shot
}
