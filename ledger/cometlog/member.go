package cometlog

import (
	"crypto"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	cmted25519 "github.com/cometbft/cometbft/crypto/ed25519"
	cmtjson "github.com/cometbft/cometbft/libs/json"
	"github.com/cometbft/cometbft/p2p"
	"github.com/cometbft/cometbft/privval"

	"github.com/hufu-id/hufu/internal/strictjson"
	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/ledger/cosign"
)

// A Member describes one agency's node to the other agencies. All of it is
// public.
type Member struct {
	// Name is the name of the node and of its cosigning key.
	Name string `json:"name"`
	// Origin names the log for which the node's keys were made.
	Origin string `json:"origin"`
	// Ledger is the ledger.ID of the ledger that the member joins; empty for one that
	// founds it, because it has no ID before.
	Ledger []byte `json:"ledger,omitempty"`
	// Witness is the verifier key of the node's cosigning key.
	Witness string `json:"witness"`
	// Vote is the node's voting key.
	Vote ed25519.PublicKey `json:"vote"`
	// Peer is ID@host:port; empty if unknown.
	Peer string `json:"peer,omitempty"`
	// WitnessProof and VoteProof are signatures of the two keys over the fields above:
	// nobody hands in a key that another has.
	WitnessProof []byte `json:"witnessProof,omitempty"`
	VoteProof    []byte `json:"voteProof,omitempty"`
}

// memberDomain separates the signatures in a member's file from all others.
const memberDomain = "hufu/member/2\x00"

// message is what both keys sign: the domain and the JSON of the fields without proofs,
// in their order.
func (m Member) message() ([]byte, error) {
	m.WitnessProof, m.VoteProof = nil, nil
	b, err := json.Marshal(m)
	if err != nil {
		return nil, fmt.Errorf("cometlog: member: %w", err)
	}
	return append([]byte(memberDomain), b...), nil
}

// proved reports whether both keys signed. The witness's key has the form that an
// agreement demands.
func (m Member) proved() bool {
	message, err := m.message()
	parts := strings.SplitN(m.Witness, "+", 3) // the key may hold a plus sign
	key, _ := base64.StdEncoding.DecodeString(parts[len(parts)-1])
	return err == nil && len(key) == 1+ed25519.PublicKeySize &&
		ed25519.Verify(key[1:], message, m.WitnessProof) && ed25519.Verify(m.Vote, message, m.VoteProof)
}

// maxMember caps a member in JSON.
const maxMember = 4 << 10

// peerForm is the form of a peer's address: the hash of its key, and the place
// where it listens.
var peerForm = regexp.MustCompile(`^[0-9a-f]{40}@[^@\s,]+:[0-9]{1,5}$`)

// ParseMember reads the description that another agency sent. The error is
// [ErrConfig].
func ParseMember(b []byte) (*Member, error) {
	var m Member
	if err := strictjson.Read(b, maxMember, &m); err != nil {
		return nil, fmt.Errorf("%w: not a member's file: %w", ErrConfig, err)
	}
	if _, err := Agreement(nil, []Member{m}, []ledger.Decider{{Key: []byte{0}, Next: [32]byte{1}}}, 1); err != nil {
		return nil, fmt.Errorf("%w: keys of a member: %w", ErrConfig, err)
	}
	name, _, _ := strings.Cut(m.Witness, "+")
	if name != m.Name || !peerForm.MatchString(m.Peer) {
		return nil, fmt.Errorf("%w: name or address of a member", ErrConfig)
	}
	if err := checkLedger(m.Origin, m.Ledger); err != nil {
		return nil, err
	}
	if !m.proved() {
		return nil, fmt.Errorf("%w: the member has not proved that the keys are its own", ErrConfig)
	}
	return &m, nil
}

// Members returns the members of an agreement. Their addresses are not on the
// ledger. The error is [ErrConfig].
func Members(t *ledger.Agreement) (members []Member, err error) {
	if len(t.Nodes) != len(t.Witnesses) {
		return nil, fmt.Errorf("%w: an agreement of %d nodes and %d cosigners", ErrConfig, len(t.Nodes), len(t.Witnesses))
	}
	for i, witness := range t.Witnesses {
		name, _, _ := strings.Cut(witness, "+")
		members = append(members, Member{Name: name, Witness: witness, Vote: t.Nodes[i]})
	}
	return members, nil
}

// CreateMember makes a node's folder with its keys and node.json, and returns
// the description for the other agencies.
func CreateMember(dir string, config NodeConfig) (*Member, error) {
	if err := config.check(); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(filepath.Dir(dir), 0o700); err != nil {
		return nil, fmt.Errorf("cometlog: %w", err)
	}
	if err := os.Mkdir(dir, 0o700); err != nil {
		return nil, fmt.Errorf("cometlog: %w", err)
	}
	if _, err := cosign.CreateKey(filepath.Join(dir, fileCosign)); err != nil {
		return nil, err
	}
	privval.NewFilePV(cmted25519.GenPrivKey(), filepath.Join(dir, fileVote), "").Key.Save()
	peer := p2p.NodeKey{PrivKey: cmted25519.GenPrivKey()}
	if err := peer.SaveAs(filepath.Join(dir, filePeer)); err != nil {
		return nil, fmt.Errorf("cometlog: %w", err)
	}
	if err := writeJSON(filepath.Join(dir, fileConfig), config); err != nil {
		return nil, err
	}
	return ReadMember(dir)
}

// ReadMember reads the description for the other agencies from a node's folder.
// The error is [ErrConfig], or that of reading its keys.
func ReadMember(dir string) (*Member, error) {
	config, err := ReadConfig(dir)
	if err != nil {
		return nil, err
	}
	key, err := cosign.ReadKey(filepath.Join(dir, fileCosign))
	if err != nil {
		return nil, err
	}
	signer, err := ledger.NewCosigner(config.Name, key, nil)
	if err != nil {
		return nil, err
	}
	vote, err := readVote(filepath.Join(dir, fileVote))
	if err != nil {
		return nil, err
	}
	peer, err := p2p.LoadNodeKey(filepath.Join(dir, filePeer))
	if err != nil {
		return nil, fmt.Errorf("%w: peer.key: %w", ErrConfig, err)
	}
	m := &Member{
		Name: config.Name, Origin: config.Origin, Ledger: config.Ledger, Witness: signer.VerifierKey(),
		Vote: vote.PubKey.Bytes(), Peer: string(peer.ID()) + "@" + config.Listen,
	}
	message, err := m.message()
	if err != nil {
		return nil, err
	}
	if m.WitnessProof, err = key.Sign(nil, message, crypto.Hash(0)); err != nil {
		return nil, fmt.Errorf("cometlog: cosigning key: %w", err)
	}
	if m.VoteProof, err = vote.PrivKey.Sign(message); err != nil {
		return nil, fmt.Errorf("cometlog: voting key: %w", err)
	}
	return m, nil
}

// readVote reads a voting key.
func readVote(path string) (*privval.FilePVKey, error) {
	b, err := readFile(path)
	if err != nil {
		return nil, err
	}
	key := new(privval.FilePVKey)
	if err := cmtjson.Unmarshal(b, key); err != nil || key.PubKey == nil || key.PrivKey == nil || !key.PubKey.Equals(key.PrivKey.PubKey()) {
		return nil, fmt.Errorf("%w: vote.key", ErrConfig)
	}
	return key, nil
}

// checkLedger checks for which ledger keys were made.
func checkLedger(origin string, id []byte) error {
	if err := ledger.CheckKey(origin); err != nil {
		return fmt.Errorf("%w: origin: %w", ErrConfig, err)
	}
	if len(id) != 0 && len(id) != len(ledger.ID{}) {
		return fmt.Errorf("%w: ledger's id of %d bytes", ErrConfig, len(id))
	}
	return nil
}
