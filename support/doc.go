// Package support holds what a person has taught: shots in classes, in a store
// that survives a power cut, and the classifier that rests on them.
//
//	set, err := support.Open(dir, support.Options{Fingerprint: network.Fingerprint(), Dim: network.Dim()})
//	shot, err := set.Add("cup", embedding, jpeg, "camera:0", frame.Time) // durable when it returns
//	answer, predictions := set.Answer(predictions, query)                // "cup" or "unknown"
//
// # What the store promises
//
// A change that returned without error is there after a power cut at any
// instant. Of a change in flight either all or nothing is there. Nothing is
// written but changes, and what cannot be read is never thrown away: a record
// cut off at the end is moved to a file beside the store, and damage anywhere
// else is an error that leaves the store alone.
//
// After a failed write or sync a Set refuses changes until it is opened anew,
// and holds what had been acknowledged before. It never tries a sync again:
// the kernel may have dropped the data with the first error and call the
// second one a success. It takes the record that failed off the file's end, so
// that nobody takes it for safe. If that fails too, and the disk recovers
// without a restart, the next process may find that one shot and lose it with
// the next power cut; it was never acknowledged.
//
// # Why a log and not a database?
//
// The data is a few thousand records of some 50 KB that are written once, read
// once at the start and then live in memory. A B-tree such as bbolt's writes a
// value of six pages, its branch and leaf pages, the free list and a meta page
// with two syncs for each shot; the log writes the record and syncs once.
// A memory card wears by what is written and a person waits for the sync.
// Opening a B-tree walks through the crops that lie among the embeddings; the
// log's reader skips them. And a database opens its own files: no test can
// pull the plug in every one of its writes, which is the only proof of a
// promise like the above. See FS.
//
// # Why does each record begin on a page of its own?
//
// Because an append that shares a page with the record before it makes the
// disk write that page again, and a power cut in that write would destroy what
// had been acknowledged long ago. So acknowledged pages are never written
// again. The gaps are holes that cost no write. A second gain: after damage,
// the places where a next record can begin are few and known.
//
// # How a torn record is told from damage
//
// One record is written at a time and synced before the next, so only the last
// can be half there. A bad record with nothing good behind it is the one in
// flight when the power went; a bad one before a good one is damage. Should
// the last record be damaged long after it was acknowledged, it looks torn: it
// is set aside, not lost, and Set.Torn says so.
//
// Each record carries the file's random id, a number and checksums, so that
// the bytes of an older file that a disk may put there are none of ours.
//
// # Undo and compaction
//
// The file is a history: an undo is one more record, which is why it survives
// a restart. Of a shot removed or undone more than 64 changes ago nothing is
// needed any more. When such garbage is more than half of the file and more
// than 1 MiB, the rest is written to a new file, synced and put in the old
// one's place; the last 64 changes stay changes in it and can still be undone.
// This happens after a change that made garbage, never after a shot, for which
// a person is waiting.
//
// # Another model
//
// Embeddings of two networks are never compared. A store is opened for one, and
// refused while shots lack its embeddings; those are made from the crops (see
// Lacking, Reembed, Use) and appended, a few KB a shot. The old ones stay, so
// answers by the old model go on meanwhile, a power cut costs the batch in hand,
// and going back is opening with the old model. Of a shot without a crop the new
// model can make nothing: it is marked, stays in its class and is left out of
// that model's answers only.
//
// # Versions
//
// A higher minor version can only add record kinds that may be skipped; such a
// store can be read, and not written, because the compaction would drop what
// it does not know. A higher major version is refused.
//
// # Which class, and whether it is known
//
// Two questions, two answers. Which class a query is most like is up to a head
// (see Head): nearest prototype, nearest shot, ridge regression or LDA, by
// default the one that names the device's own shots best when each is left out.
// Whether it is that class is up to a distance: 1 − cosine to the class's
// prototype, the mean of its shots (see derive), against the class's threshold
// (see Rule and limits). Only a distance decides that: a margin, a softmax or a
// ridge's score is happy with anything, as long as one class is less unlike it
// than the others, and lets 20 to 100 % of things in that are unlike all.
//
// What the threshold rests on is said with it (see Basis): with one shot, or
// with frames of one scene, it is a number of ours and not of the device.
//
// Everything is float64 arithmetic in a fixed order without fused operations,
// so that equal shots give equal distances on every board, to the last bit. What
// a head has learned shot by shot differs in its last digits from what it learns
// anew after a restart, so scores within a millionth of each other are a tie,
// which the nearer class wins, and thresholds are rounded to nine digits: the
// answers are the same.
package support
