package support

import "slices"

// learner keeps what the heads and leave-one-out are computed from, and brings
// it up to date shot by shot instead of beginning anew: with n shots of
// dimension D in W classes, one shot more or less costs about 2·n·D + 2·n² + W·D
// multiplications, where beginning anew costs n²·D/2 + n³/3.
//
// It belongs to whoever changes the Set. What it hands out is never changed
// afterwards.
//
// With X the shots as rows, each scaled to norm 1, Y their classes (n × W, one
// 1 in each row, else 0) and λ = ridgeLambda:
//
//	gram     G = X Xᵀ
//	inverse  P = (G + λI)⁻¹
//	coef     A = P Y
//	weight   R = Aᵀ X, the ridge regression's: see head_ridge.go
//
// Beside these it keeps each row's nearest other one, and how near each is to
// the classes' prototypes. All else follows from these: see head_ridge.go, head_lda.go and loo.go.
type learner struct {
	shots   []*entry       // the rows
	row     map[*entry]int // where a shot is in them
	label   []int          // column of each row
	class   []string       // the columns, some of them without rows
	count   []int          // rows of each column
	gram    [][]float64    // lower triangle: row i has i+1 elements
	inverse [][]float64    // likewise
	coef    [][]float64    // n × W
	weight  [][]float64    // W × D

	nearest []neighbour // of each row among the others
	rated               // see rate.go
}

// ridgeLambda is added to the Gram matrix of shots of norm 1. The loss in
// accuracy is least at 0.1 on groceries and hand signs at K from 2 to 20: with
// 0.03 and 0.3 it is up to 1 point more, with 1 up to 5.
const ridgeLambda = 0.1

func newLearner() *learner { return &learner{row: map[*entry]int{}} }

// sync makes the learner's shots those of st. It gives up, and leaves a learner
// of no use, when quit says so; that may be nil.
func (l *learner) sync(st state, dim int, quit func() bool) {
	want := make([]string, len(l.shots)) // by row; empty: gone
	var added []*entry
	var labels []string
	st.all(func(w *way, e *entry) {
		if len(e.embedding) != dim {
			return
		}
		if i, ok := l.row[e]; ok {
			want[i] = w.name
			return
		}
		added = append(added, e)
		labels = append(labels, w.name)
	})
	// Many at once are cheaper if the weights are made at the end.
	changes := len(added)
	for i, name := range want {
		if name != l.class[l.label[i]] {
			changes++
		}
	}
	anew := changes > 4
	for i := len(want) - 1; i >= 0; i-- {
		if want[i] == "" {
			l.remove(i, !anew)
		}
	}
	want = slices.DeleteFunc(want, func(name string) bool { return name == "" })
	for i, name := range want {
		if name != l.class[l.label[i]] {
			l.relabel(i, l.column(name, dim), !anew)
		}
	}
	for i, e := range added {
		if quit != nil && quit() {
			return
		}
		l.add(e, l.column(labels[i], dim), !anew)
	}
	l.sweep()
	if anew {
		l.solve(dim)
	}
}

// column returns the column of a class and makes it if need be.
func (l *learner) column(class string, dim int) int {
	if c := slices.Index(l.class, class); c >= 0 {
		return c
	}
	l.class = append(l.class, class)
	l.count = append(l.count, 0)
	l.weight = append(l.weight, make([]float64, dim))
	l.rated.addColumn(len(l.shots))
	for i := range l.coef {
		l.coef[i] = append(l.coef[i], 0)
	}
	return len(l.class) - 1
}

// sweep drops columns without rows.
func (l *learner) sweep() {
	for c := len(l.class) - 1; c >= 0; c-- {
		if l.count[c] > 0 {
			continue
		}
		l.class = slices.Delete(l.class, c, c+1)
		l.count = slices.Delete(l.count, c, c+1)
		l.weight = slices.Delete(l.weight, c, c+1)
		l.rated.removeColumn(c)
		for i := range l.coef {
			l.coef[i] = slices.Delete(l.coef[i], c, c+1)
		}
		for i := range l.label {
			if l.label[i] > c {
				l.label[i]--
			}
		}
	}
}

// add appends a row. P grows by the inverse of a bordered matrix: with g the
// new shot's cosines to the others, u = P g and s = 1 + λ − gᵀu,
//
//	P' = | P + u uᵀ/s   −u/s |     A' = | A − u t |     t = (y − gᵀA)/s
//	     |    −uᵀ/s      1/s |          |    t    |
//
//	R' = R + tᵀ (x − uᵀX)
func (l *learner) add(e *entry, column int, weights bool) {
	n := len(l.shots)
	g := l.cosines(e)
	u := symmetric(l.inverse, g[:n])
	s := g[n] + ridgeLambda - inner(u, g)
	t := make([]float64, len(l.class))
	for i := range l.coef {
		axpy(t, -g[i]/s, l.coef[i])
	}
	t[column] += 1 / s
	if weights {
		z := l.combine(u, len(e.embedding))
		for i, v := range e.embedding {
			z[i] = float64(float64(v)*e.inv) - z[i]
		}
		for c := range t {
			axpy(l.weight[c], t[c], z)
		}
	}
	last := make([]float64, n+1)
	for i, v := range u {
		axpy(l.inverse[i], v/s, u[:i+1])
		axpy(l.coef[i], -v, t)
		last[i] = -v / s
	}
	last[n] = 1 / s
	l.rated.addRow(g, l.label)
	l.meet(e, g)
	l.gram = append(l.gram, g)
	l.inverse = append(l.inverse, last)
	l.coef = append(l.coef, t)
	l.shots = append(l.shots, e)
	l.label = append(l.label, column)
	l.count[column]++
	l.row[e] = n
}

// remove takes row i out: add the other way round. With p = P's column i,
//
//	P' = P − p pᵀ/pᵢ     A' = A − p Aᵢ/pᵢ     R' = R − Aᵢᵀ (pᵀX)/pᵢ
//
// each without row and column i.
func (l *learner) remove(i int, weights bool) {
	n := len(l.shots)
	p := l.inverseColumn(i)
	t := slices.Clone(l.coef[i])
	for c := range t {
		t[c] /= p[i]
	}
	if weights {
		z := l.combine(p, len(l.shots[i].embedding))
		for c := range t {
			axpy(l.weight[c], -t[c], z)
		}
	}
	for j := range n {
		axpy(l.inverse[j], -p[j]/p[i], p[:j+1])
		axpy(l.coef[j], -p[j], t)
	}
	l.count[l.label[i]]--
	gone := l.shots[i]
	delete(l.row, gone)
	for j := i + 1; j < n; j++ {
		l.gram[j] = slices.Delete(l.gram[j], i, i+1)
		l.inverse[j] = slices.Delete(l.inverse[j], i, i+1)
		l.row[l.shots[j]] = j - 1
	}
	l.gram = slices.Delete(l.gram, i, i+1)
	l.inverse = slices.Delete(l.inverse, i, i+1)
	l.coef = slices.Delete(l.coef, i, i+1)
	l.shots = slices.Delete(l.shots, i, i+1)
	l.label = slices.Delete(l.label, i, i+1)
	l.rated.removeRow(i)
	l.part(gone, i)
}

// relabel makes row i one of another column: of P's column p, −p to the old
// one's coefficients and +p to the new one's.
func (l *learner) relabel(i, column int, weights bool) {
	old := l.label[i]
	p := l.inverseColumn(i)
	for j, v := range p {
		l.coef[j][old] -= v
		l.coef[j][column] += v
	}
	if weights {
		z := l.combine(p, len(l.shots[i].embedding))
		axpy(l.weight[old], -1, z)
		axpy(l.weight[column], 1, z)
	}
	l.count[old]--
	l.count[column]++
	l.label[i] = column
}

// solve makes coefficients and weights anew from the inverse.
func (l *learner) solve(dim int) {
	for c := range l.weight {
		l.weight[c] = make([]float64, dim)
	}
	for i := range l.coef {
		clear(l.coef[i])
	}
	for i, row := range l.inverse {
		for j, v := range row[:i] {
			l.coef[i][l.label[j]] += v
			l.coef[j][l.label[i]] += v
		}
		l.coef[i][l.label[i]] += row[i]
	}
	for i, e := range l.shots {
		for c, a := range l.coef[i] {
			addShot(l.weight[c], a, e)
		}
	}
}

// cosines returns those of e to every row, and last its own, which is 1.
func (l *learner) cosines(e *entry) []float64 {
	n := len(l.shots)
	g := make([]float64, n+1)
	for i := 0; i < n; i += 4 {
		at := func(j int) *entry { return l.shots[min(i+j, n-1)] }
		d := dot4(e.embedding, at(0).embedding, at(1).embedding, at(2).embedding, at(3).embedding)
		for j := range min(4, n-i) {
			g[i+j] = d[j] * e.inv * at(j).inv
		}
	}
	g[n] = 1
	return g
}

func (l *learner) inverseColumn(i int) []float64 {
	p := make([]float64, len(l.inverse))
	copy(p, l.inverse[i])
	for j := i + 1; j < len(p); j++ {
		p[j] = l.inverse[j][i]
	}
	return p
}

// combine returns pᵀX, of dimension dim. It takes four shots at a time, to load
// and store the sum once for them.
func (l *learner) combine(p []float64, dim int) []float64 {
	z := make([]float64, dim)
	j := 0
	for ; j+4 <= len(p); j += 4 {
		e0, e1, e2, e3 := l.shots[j], l.shots[j+1], l.shots[j+2], l.shots[j+3]
		a0, a1, a2, a3 := p[j]*e0.inv, p[j+1]*e1.inv, p[j+2]*e2.inv, p[j+3]*e3.inv
		x0, x1, x2, x3 := e0.embedding[:dim], e1.embedding[:dim], e2.embedding[:dim], e3.embedding[:dim]
		for i := range z {
			z[i] += (float64(a0*float64(x0[i])) + float64(a1*float64(x1[i]))) + (float64(a2*float64(x2[i])) + float64(a3*float64(x3[i])))
		}
	}
	for ; j < len(p); j++ {
		addShot(z, p[j], l.shots[j])
	}
	return z
}

// cosine is G's element i, j.
func (l *learner) cosine(i, j int) float64 {
	if j > i {
		i, j = j, i
	}
	return l.gram[i][j]
}

// symmetric returns M g for a symmetric M given by its lower triangle.
func symmetric(m [][]float64, g []float64) []float64 {
	u := make([]float64, len(g))
	for i, row := range m {
		gi := g[i]
		v, x, y := row[:i], g[:i], u[:i]
		x, y = x[:len(v)], y[:len(v)]
		// Four sums, because an addition takes as long as four of them.
		var s0, s1, s2, s3 float64
		j := 0
		for ; j+4 <= len(v); j += 4 {
			v0, v1, v2, v3 := v[j], v[j+1], v[j+2], v[j+3]
			s0 += float64(v0 * x[j])
			s1 += float64(v1 * x[j+1])
			s2 += float64(v2 * x[j+2])
			s3 += float64(v3 * x[j+3])
			y[j] += float64(v0 * gi)
			y[j+1] += float64(v1 * gi)
			y[j+2] += float64(v2 * gi)
			y[j+3] += float64(v3 * gi)
		}
		for ; j < len(v); j++ {
			s0 += float64(v[j] * x[j])
			y[j] += float64(v[j] * gi)
		}
		u[i] += (s0 + s1) + (s2 + s3) + float64(row[i]*gi)
	}
	return u
}

// axpy adds a·x to y, element by element.
func axpy(y []float64, a float64, x []float64) {
	x = x[:len(y)]
	for i, v := range x {
		y[i] += float64(a * v)
	}
}

// addShot adds a times the shot, scaled to norm 1, to y.
func addShot(y []float64, a float64, e *entry) {
	a *= e.inv
	x := e.embedding[:len(y)]
	for i, v := range x {
		y[i] += float64(a * float64(v))
	}
}

// inner is xᵀy.
func inner(x, y []float64) float64 {
	y = y[:len(x)]
	var s0, s1, s2, s3 float64
	i := 0
	for ; i+4 <= len(x); i += 4 {
		s0 += float64(x[i] * y[i])
		s1 += float64(x[i+1] * y[i+1])
		s2 += float64(x[i+2] * y[i+2])
		s3 += float64(x[i+3] * y[i+3])
	}
	for ; i < len(x); i++ {
		s0 += float64(x[i] * y[i])
	}
	return (s0 + s1) + (s2 + s3)
}

// maxLearned is how many shots the learner takes: its two triangles are 16 MB
// at 1,000 and grow with the square. With more shots the prototypes answer,
// for which the others matter little then.
const maxLearned = 1500

// learn returns the head that rule asks for, learned from the learner's shots,
// for the ways of st, and what leave-one-out says. l is nil where there is none,
// or not yet.
func (l *learner) learn(st state, dim int, rule Rule) (Head, scorer, *looResult) {
	var loo *looResult
	var between [][]float64
	columns := make([]int, len(st.ways))
	if l != nil && len(l.shots) > 0 {
		for i, w := range st.ways {
			if columns[i] = slices.Index(l.class, w.name); columns[i] < 0 {
				l = nil // only without a model: a class whose shots are all another network's
				break
			}
		}
		if l != nil {
			between = l.between()
			l.rate(st.ways, columns)
			loo = l.leaveOneOut(between)
			loo.column = columns
		}
	}
	head := rule.Head
	if head == Auto && loo != nil {
		head = loo.choose(len(l.class))
	}
	switch {
	case head == NearestShot:
		return head, &nearestShot{st.ways}, loo
	case head == LDA && between != nil:
		return head, l.lda(columns, between), loo
	case (head == LDA || head == Ridge) && loo != nil:
		return Ridge, l.ridge(columns), loo
	}
	return Prototype, prototypes{}, loo
}
