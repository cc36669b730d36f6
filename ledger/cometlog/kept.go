package cometlog

import (
	"context"
	"errors"
	"os"
	"path/filepath"

	"github.com/hufu-id/hufu/internal/limits"
)

// filePublished holds the newest checkpoint that this node has published. The signatures of
// the other nodes stand in no block before the next: without the file, a node that starts
// while too many are away would have nothing to serve.
const filePublished = "published"

// keepPublished writes each newest checkpoint down, until ctx ends. The file need not
// outlive a power failure, after which the others sign again.
func (n *Node) keepPublished(ctx context.Context) {
	path := filepath.Join(n.dir, folderData, filePublished)
	for height := uint64(0); ; {
		_, reached, checkpoint, err := n.app.published.Await(ctx, height)
		if err != nil {
			return
		}
		err = os.WriteFile(path+".new", checkpoint, 0o600)
		if err == nil {
			err = os.Rename(path+".new", path)
		}
		if err != nil {
			n.app.log.Error("the newest checkpoint could not be kept", "err", err)
		}
		height = reached + 1
	}
}

// addPublished takes the signatures of the kept checkpoint, which count where they hold for
// a state of the database.
func (a *app) addPublished(dir string) error {
	kept, err := limits.ReadFile(filepath.Join(dir, folderData, filePublished), limits.Checkpoint)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	if len(kept) <= limits.Checkpoint {
		a.published.Add(kept)
	}
	return nil
}
