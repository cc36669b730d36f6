// Package feed publishes the sets behind the roots of an epoch as plain files,
// so that a wallet can build the trees of the epoch without asking anyone a
// question that names its credential. The files may lie on a disk, behind any
// web server or in any cache: none of them is trusted.
//
// # Format
//
// A feed is a directory. Names are hexadecimal: epochs and generations of 16
// digits, parts of 2.
//
//	index                             the generations that can be read
//	‹generation›/counts               how many handles each bucket holds
//	‹generation›/‹epoch›.roots        the 512 bucket roots of the epoch, 16 KB
//	‹generation›/‹epoch›.registry     registry leaves: all, or what changed
//	‹generation›/‹part›/‹epoch›.handles  revoked handles: all, or what entered
//
// A generation begins with a snapshot at the epoch after which it is named, and
// goes on with deltas, at most 256. Its last epoch is also the first of the next,
// so that a reader goes from one to the next without a new snapshot. Everything
// but the index is written once. The index names the two newest generations;
// older ones are deleted.
//
// Every file begins with "hufufeed" ‖ version 1 ‖ one letter; integers are
// big-endian, from and to are epochs, equal in a snapshot:
//
//	'i'  u8 generations ‖ each: u8 bits ‖ u16 epochs ‖ u64 each, ascending
//	'r'  u64 epoch ‖ 512 × 32 bytes
//	'c'  u64 epoch ‖ proof (package zkp, VerifyCounts); only where bits > 0
//	'l'  u64 from ‖ u64 to ‖ u32 added ‖ u32 removed ‖ 32 bytes each, ascending
//	'h'  u64 from ‖ u64 to ‖ u8 bits ‖ u16 part ‖ u32 count ‖ 12 bytes each,
//	     ascending
//
// # What a reader reveals
//
// A part holds the handles that begin with the same bits, 0 to 7 of them. Whoever
// serves the files learns these bits of the handle of each credential for which a
// wallet reads a part, every time the same; nothing else in a file name depends on
// the credential. The number of bits follows from the number of revoked handles:
// it is the largest for which every part holds at least 2^16 of them ([Bits]).
// Each was a credential, so that a part stands for at least 2^16 that were issued.
// It is 0, and everyone reads everything, until some 2^17 are revoked.
//
// A reader holds a feed to this before it asks for a part: the counts are proved
// under the bucket roots, and those under the ledger's root, for all parts and not
// only its own. It reads the counts once for each number of bits, since nothing is
// ever taken out of the tree.
//
// A reader also reveals when it reads, and by the first delta that it asks for
// when it read last.
//
// # Example
//
// The ledger has closed epoch 495,000; 300,000 handles are revoked, in four parts
// (2 bits). A wallet whose credential's handle begins with the bits 10 reads index,
// 0000000000078d98/counts, …/0000000000078d98.roots, ….registry and
// …/02/0000000000078d98.handles: 1.7 MB in all. An hour later it reads the index,
// and of the new epoch 16 KB of roots and two deltas, of which each is as long as
// the list of what changed.
//
// # Not checked
//
// Whether anything in the files is true: the roots on the ledger decide, and
// package wallet holds the files against them. That an issuer did not choose its
// random bytes so that a handle falls into a part of its choosing: an issuer who
// conspires with whoever serves the files can mark its own credentials by these
// bits. That handles were revoked of credentials that people held: an accredited
// issuer could fill parts with handles of nobody's, in the sight of all who read
// the ledger.
package feed
