// Package evaluate measures how well a device would do: it teaches a
// [support.Classifier], which is what the device answers with, some pictures of
// a collection and asks it about others, over and over with other ones.
//
//	pool, err := evaluate.NewPool(shots, queries)
//	results, err := evaluate.Run(ctx, pool, evaluate.Options{Way: 5, Shot: 5, Query: 15, Episodes: 600, Seed: 1})
//
// # What an episode is
//
// Way classes are drawn and of each Shot pictures to teach and up to Query
// others to ask about: accuracy is the share of these whose class is named
// right, whether or not it is known. For the threshold the same pictures are
// asked about (false rejects), and as many that the device was never taught: of
// classes of the same collection that were not drawn (near) and of another
// collection (far). The score of a picture is its distance divided by the
// threshold that it is held against, so that 1 is where the device draws its
// line; AUROC is the probability that a known picture's score is below that of
// an unknown one, and fpr95 the share of unknown ones below the score that 95 %
// of the known ones are below.
//
// With negatives, pictures of further classes are taught as being of none. The
// pictures asked about are the same with them and without, near unknowns of those
// classes (seen) apart from the others; no negative is asked about.
//
// Every figure is a mean over episodes, and the interval beside it is 1.96
// times that mean's standard error. Classes and pictures come again in other
// episodes, so the interval says how well the mean over this collection is
// known, and not how another collection would do.
//
// # Why are rules compared on the same episodes?
//
// Episodes differ by more than rules do: at 5-way 1-shot the accuracy of single
// episodes spreads over 20 points and more. The difference between two rules
// on one episode does not. So every rule sees the same episodes, and what is
// told of two is the mean of the differences.
package evaluate
