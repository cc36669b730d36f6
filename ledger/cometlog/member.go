package cometlog

import (
	"crypto/ed25519"
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
	// Witness is the verifier key of the node's cosigning key.
	Witness string `json:"witness"`
	// Vote is the node's voting key.
	Vote ed25519.PublicKey `json:"vote"`
	// Peer is ID@host:port; empty if unknown.
	Peer string `json:"peer,omitempty"`
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
	if _, err := Agreement(0, []Member{m}, [][]byte{{0}}, 1); err != nil {
		return nil, fmt.Errorf("%w: keys of a member: %w", ErrConfig, err)
	}
	name, _, _ := strings.Cut(m.Witness, "+")
	if name != m.Name || !peerForm.MatchString(m.Peer) {
		return nil, fmt.Errorf("%w: name or address of a member", ErrConfig)
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
	key, err := cosign.CreateKey(filepath.Join(dir, fileCosign))
	if err != nil {
		return nil, err
	}
	signer, err := ledger.NewCosigner(config.Name, key, nil)
	if err != nil {
		return nil, err
	}
	vote := cmted25519.GenPrivKey()
	privval.NewFilePV(vote, filepath.Join(dir, fileVote), "").Key.Save()
	peer := p2p.NodeKey{PrivKey: cmted25519.GenPrivKey()}
	if err := peer.SaveAs(filepath.Join(dir, filePeer)); err != nil {
		return nil, fmt.Errorf("cometlog: %w", err)
	}
	return &Member{
		Name: config.Name, Witness: signer.VerifierKey(), Vote: vote.PubKey().Bytes(),
		Peer: string(peer.ID()) + "@" + config.Listen,
	}, writeJSON(filepath.Join(dir, fileConfig), config)
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
	return &Member{Name: config.Name, Witness: signer.VerifierKey(), Vote: vote, Peer: string(peer.ID()) + "@" + config.Listen}, nil
}

// readVote reads the public key of a voting key.
func readVote(path string) (ed25519.PublicKey, error) {
	b, err := readFile(path)
	if err != nil {
		return nil, err
	}
	var key privval.FilePVKey
	if err := cmtjson.Unmarshal(b, &key); err != nil || key.PubKey == nil {
		return nil, fmt.Errorf("%w: vote.key", ErrConfig)
	}
	return key.PubKey.Bytes(), nil
}
