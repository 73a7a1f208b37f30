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
// a person is waiting; but see Versions.
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
// # Damage
//
// Open refuses a store that is damaged before its end, and changes nothing:
// answers from part of a memory would be wrong without looking so. Inspect says
// what is damaged, what is lost and what can be saved; Repair saves it. It takes
// every record whose checksums are right, wherever in the file it is, by its
// number; makes of them what can be made without the missing ones (see replay);
// writes that to a new file, as a compaction does; reads that one; gives the
// damaged file a second name; and only then puts the new one in its place. Each
// step is durable before the next, so at every instant there is a store, damaged
// or repaired, and the damaged bytes.
//
// # The file
//
// shots.log, little-endian. Every crc is CRC-32C (Castagnoli), for which both
// arm64 and amd64 have an instruction. Page 0 holds the header:
//
//	 0 magic [12]   \x89 EDGESET \r \n \x1a \n
//	12 major u16    1; another major is another format
//	14 minor u16    see Versions
//	16 file  u64    random; each record repeats it
//	24 zero  [36]
//	60 crc   u32    of bytes 0 to 59
//
// Each record begins on a page (4,096 bytes) of its own:
//
//	 0 mark  u32    "shot"
//	 4 kind  u8     below
//	 5 flags u8     bit 0: optional, who does not know the kind passes it over
//	 6 zero  u16
//	 8 file  u64    as in the header
//	16 seq   u64    1, 2, 3 … in this file
//	24 meta  u32    bytes of meta, at most 1 MiB
//	28 crop  u32    bytes of crop, at most 16 MiB; only shots have any
//	32 crc   u32    of the meta
//	36 crc   u32    of bytes 0 to 35
//	40 meta
//	   crop         its crc is in the meta
//
// The meta by kind; text is UTF-8, a time is i64 seconds since 1970 and u32
// nanoseconds:
//
//	 1 base         nextID u64, shots u32, classes u32, then of each class: time
//	                of its creation, length u16, name. First in a compacted file;
//	                the kept shots follow
//	 2 kept         as shot: one that no undo reaches
//	 3 shot         id u64, time, crc of the crop u32, fingerprint [32], length
//	                of class u16, of source u16, numbers u32, class, source, then
//	                the embedding in float32. Since 1.3, where the picture was
//	                measured: length u16 = 20, then in float32 its light, dark,
//	                bright, contrast, sharpness (see Quality)
//	 4 remove       id u64, time, length of class u16, of into u16, class, into;
//	                what the kind does not need is zero and empty
//	 5 move         likewise: shot id into class
//	 6 rename       likewise: class is called into
//	 7 merge        likewise: all of class goes to into
//	 8 forget       likewise: class
//	 9 undo         likewise: id is the seq of the change that it takes back
//	10 rule         optional, since 1.1: time, false rejects f64, false accepts f64,
//	                length u16, name of the head
//	11 embeddings   optional, since 1.2: time, fingerprint [32], count u32, then of
//	                each: id of the shot u64, numbers u32, float32 …; none where
//	                the model can make nothing of the shot
//	12 negative     optional, since 1.3: as shot, of an empty class
//	13 old negative optional, since 1.3: likewise, one that no undo reaches. In a
//	                compacted file they follow the kept shots
//	14 drop         optional, since 1.3: as remove, of a negative
//	15 take back    optional, since 1.3: as undo, of a record of kind 12 or 14
//
// Readers pass over what follows in a meta: a later minor version may have put
// it there. The folder also holds the file lock, with the pid of the writer or,
// after one that has closed, the word closed; for a moment shots.new, which
// becomes shots.log or goes; and what was set aside: torn-*.bin, the record in
// flight at a power cut, and damaged-*.log, what Repair replaced.
//
// # Versions
//
//	1.0  classes, shots and what changes them
//	1.1  the rule is kept (10)
//	1.2  embeddings of more than one model are kept (11)
//	1.3  the quality of a shot's picture is kept (2, 3), and pictures that are of
//	     no class (12 to 15)
//
// A store of an earlier minor version is read as it is and written on as it is,
// so a program of that version can go on with it. The first change that such a
// program would lose, most often the first shot that a camera takes, makes it one
// of this version, by a compaction: the old file or the new one is there, whatever
// happens. There is no way back, and a program refuses to write to a store of a
// higher minor version, because its compaction would drop what it does not know;
// it can read it, since a minor version adds only optional kinds, and to others
// only what their readers pass over. A higher major version is refused.
//
// # Which class, and whether it is known
//
// Two questions, two answers. Which class a query is most like is up to a head
// (see Head): nearest prototype, nearest shot, ridge regression or LDA, by
// default the one that names the device's own shots best when each is left out.
// Whether it is that class is up to a distance: 1 − cosine to the class's
// prototype, the mean of its shots (see derive), less what lies in directions in
// which the shots of one class differ (see Score and metric), against the class's
// threshold (see Rule and limits). Only a distance decides that: a margin, a softmax or a
// ridge's score is happy with anything, as long as one class is less unlike it
// than the others, and lets 20 to 100 % of things in that are unlike all.
//
// What the threshold rests on is said with it (see Basis): with one shot, or
// with frames of one scene, it is a number of ours and not of the device.
//
// A third answer is a person's: pictures that are nothing, or not what the device
// said. They object to an answer that the distance allows; see Veto.
//
// # Several views
//
// The mean of what several looks at a thing come to is nearer to its class than
// one look is, and much less so to things that are of no class; see AnswerViews,
// and Scene for what a camera's frames come to. By "edge eval" on 81 classes of
// groceries, 5-way 5-shot, 300 episodes, 5 % of known ones may be rejected:
//
//	pictures   known rejected   near unknowns accepted   AUROC
//	1          4.4 ± 0.5 %      54 %                     0.917 ± 0.004
//	mean of 5  5.3 ± 0.7 %      7.2 %                    0.989 ± 0.002
//
// What the directions in which shots differ bring, "--score cosine,within" (81
// groceries, 10 hand signs, 5 parts; 300 episodes; AUROC, and known rejected):
//
//	                5-way 5-shot    20-way 5-shot   signs 5-way     parts 3-way
//	1, by cosine    0.903   4.6 %   0.827   5.2 %   0.694   4.2 %   0.998   5.7 %
//	1, by metric    0.917   4.4 %   0.849   5.1 %   0.710   3.5 %   0.999   5.6 %
//	5, by cosine    0.985   5.6 %   0.960   6.4 %   0.856   3.5 %   1.000   5.8 %
//	5, by metric    0.989   5.3 %   0.969   5.5 %   0.876   2.9 %   1.000   4.6 %
//
// That is of five photographs. Frames of one scene are worth one picture, and
// are judged so: their average takes the camera's noise out, and no more.
//
// Everything is float64 arithmetic in a fixed order without fused operations,
// so that equal shots give equal distances on every board, to the last bit. What
// a head has learned shot by shot differs in its last digits from what it learns
// anew after a restart, so scores within a millionth of each other are a tie,
// which the nearer class wins, and thresholds are rounded to nine digits: the
// answers are the same.
package support
