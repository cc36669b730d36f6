package cometlog

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/cometbft/cometbft/p2p"
)

// peerInterval is how often a running node looks for new peers in node.json, and calls
// those that it is not connected to.
const peerInterval = 5 * time.Second

// AddPeer writes the address of another member into node.json of the node in the folder
// dir. A node that runs there calls the member within seconds. A member that is there
// under another address gets the new one when the node is started again. The error is
// [ErrConfig], also for a member of another ledger or this node itself, or the file
// system's own.
func AddPeer(dir string, m *Member) error {
	config, err := ReadConfig(dir)
	if err != nil {
		return err
	}
	switch {
	case m.Origin != config.Origin || len(m.Ledger) > 0 && !bytes.Equal(m.Ledger, config.Ledger):
		return fmt.Errorf("%w: the keys of %s were made for another ledger", ErrConfig, m.Name)
	case m.Name == config.Name:
		return fmt.Errorf("%w: %s is this node", ErrConfig, m.Name)
	case !peerForm.MatchString(m.Peer):
		return fmt.Errorf("%w: address of %s", ErrConfig, m.Name)
	}
	config.Peers = slices.DeleteFunc(config.Peers, func(peer string) bool { return idOf(peer) == idOf(m.Peer) })
	config.Peers = append(config.Peers, m.Peer)
	fresh := filepath.Join(dir, fileConfig+".new")
	if err := writeJSON(fresh, config); err != nil {
		return err
	}
	// The running node never sees half a file.
	if err := os.Rename(fresh, filepath.Join(dir, fileConfig)); err != nil {
		return fmt.Errorf("cometlog: %w", err)
	}
	return nil
}

// idOf is the part of a peer's address that names its key.
func idOf(peer string) string {
	id, _, _ := strings.Cut(peer, "@")
	return id
}

// callNewPeers connects to peers that came into node.json after the node started, until
// the node stops. CometBFT itself goes on calling those that were there.
func (n *Node) callNewPeers() {
	ticker := time.NewTicker(peerInterval)
	defer ticker.Stop()
	for {
		select {
		case <-n.stopped:
			return
		case <-ticker.C:
		}
		config, err := ReadConfig(n.dir)
		if err != nil {
			n.app.log.Error("node.json cannot be read again", "err", err)
			continue
		}
		for _, peer := range config.Peers {
			if !slices.ContainsFunc(n.config.Peers, func(known string) bool { return idOf(known) == idOf(peer) }) {
				n.call(peer)
			}
		}
	}
}

func (n *Node) call(peer string) {
	address, err := p2p.NewNetAddressString(peer)
	if err == nil && !n.comet.Switch().IsDialingOrExistingAddress(address) {
		err = n.comet.Switch().DialPeerWithAddress(address)
	}
	if err != nil {
		n.app.log.Error("a new peer does not answer", "peer", peer, "err", err)
	}
}
