// Package feed publishes the sets behind the roots of an epoch as plain files.
// A wallet builds the trees of the epoch from them without asking anyone a
// question that names its credential. The files may lie on a disk, behind any
// web server or in any cache: the reader trusts none of them.
//
// # Format
//
// A feed is a directory. Names are hexadecimal: epochs and generations have 16
// digits, parts 2.
//
//	index                             the generations that can be read
//	‹generation›/counts               how many handles each bucket holds
//	‹generation›/‹epoch›.roots        the 512 bucket roots of the epoch, 16 KB
//	‹generation›/‹epoch›.registry     registry leaves: all, or what changed
//	‹generation›/‹part›/‹epoch›.handles  revoked handles: all, or what entered
//
// A generation begins with a snapshot at the epoch that gives it its name, and
// goes on with at most 256 deltas. Its last epoch is also the first epoch of
// the next generation, so that a reader continues without a new snapshot. Every
// file except the index is written once. The index names the two newest
// generations; older ones are deleted.
//
// Every file begins with "hufufeed" ‖ version 1 ‖ one letter. Integers are
// big-endian. from and to are epochs, equal in a snapshot:
//
//	'i'  u8 generations ‖ each: u8 bits ‖ u16 epochs ‖ u64 each, ascending
//	'r'  u64 epoch ‖ 512 × 32 bytes
//	'c'  u64 epoch ‖ proof (package zkp, VerifyCounts); only if bits > 0
//	'l'  u64 from ‖ u64 to ‖ u32 added ‖ u32 removed ‖ 32 bytes each, ascending
//	'h'  u64 from ‖ u64 to ‖ u8 bits ‖ u16 part ‖ u32 count ‖ 16 bytes each,
//	     ascending
//
// # What a reader reveals
//
// A part holds the handles that begin with the same bits, 0 to 7 of them. When
// a wallet reads a part, the server of the files learns these bits of the
// credential's handle, the same bits every time. Nothing else in a file name
// depends on the credential. The number of bits follows from the number of
// revoked handles: it is the largest number for which every part holds at least
// 2^16 of them ([Bits]). Each handle belonged to a credential, so a part stands
// for at least 2^16 issued credentials. The number is 0, and everyone reads
// everything, until about 2^17 handles are revoked. Package wallet reads the parts of two
// bits at least, all of them at once, whatever number of credentials it has.
//
// A reader checks a feed against this rule before it asks for a part: the
// counts are proved under the bucket roots, and these under the ledger's root,
// for all parts and not only its own. It reads the counts once for each number
// of bits, because no handle ever leaves the tree.
//
// A reader also reveals when it reads, and by the first delta that it asks for,
// when it read last.
//
// # Example
//
// The ledger has closed epoch 495,000. 300,000 handles are revoked, in four
// parts (2 bits). A wallet whose credential's handle begins with the bits 10
// reads index, 0000000000078d98/counts, …/0000000000078d98.roots, ….registry
// and …/02/0000000000078d98.handles: 1.7 MB in all. An hour later it reads the
// index and, for the new epoch, 16 KB of roots and two deltas, which list only
// what changed.
//
// # Not checked
//
// This package does not check that the contents of the files are true: the
// roots on the ledger decide, and package wallet compares the files with them.
// It does not check that an issuer drew its random bytes fairly: an issuer who
// conspires with the server of the files can choose them so that a handle falls
// into a chosen part, and so mark its own credentials by these bits. It does
// not check that the revoked handles belonged to credentials that people held:
// an accredited issuer could fill parts with handles that nobody holds, visibly
// to all readers of the ledger.
package feed
