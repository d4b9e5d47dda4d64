package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/containerd/errdefs"
	"github.com/moby/moby/api/types/jsonstream"
	"github.com/moby/moby/client"
)

// Image is an image that the engine holds.
type Image struct {
	// ID is the hash of its contents. Digests are its names with digest (repository@sha256:…), where registries know it.
	ID      string
	Digests []string
	Size    int64
}

// DigestOf returns the name with digest that an image has in a repository; ok is false when it did not come from there.
func (i Image) DigestOf(repository string) (string, bool) {
	for _, digest := range i.Digests {
		if strings.HasPrefix(digest, repository+"@") {
			return digest, true
		}
	}
	return "", false
}

// Image looks an image up by id, by name with digest or by tag. ok is false when the engine does not hold it.
func (e *Engine) Image(ctx context.Context, reference string) (image Image, ok bool, err error) {
	found, err := e.api.ImageInspect(ctx, reference)
	if errdefs.IsNotFound(err) {
		return Image{}, false, nil
	}
	if err != nil {
		return Image{}, false, e.checked(ctx, err)
	}
	return Image{ID: found.ID, Digests: found.RepoDigests, Size: found.Size}, true, nil
}

// Pull has the engine load an image from its registry, and returns the digest that the registry named (sha256:…). layer is told how many
// bytes of a layer have come.
func (e *Engine) Pull(ctx context.Context, reference string, layer func(id string, done, total int64)) (digest string, err error) {
	stream, err := e.api.ImagePull(ctx, reference, client.ImagePullOptions{})
	if err != nil {
		return "", e.checked(ctx, err)
	}
	defer stream.Close()
	err = eachMessage(stream, func(message jsonstream.Message) {
		if message.Status == "Downloading" && message.Progress != nil {
			layer(message.ID, message.Progress.Current, message.Progress.Total)
		}
		// moby, distribution/pull_v2.go
		if named, ok := strings.CutPrefix(message.Status, "Digest: "); ok {
			digest = named
		}
	})
	return digest, err
}

// Load has the engine take an image from an archive of `docker save`, and returns its id or its tag. An archive of several images is an
// error, since it does not say which one is meant; the engine keeps them.
func (e *Engine) Load(ctx context.Context, archive io.Reader) (string, error) {
	stream, err := e.api.ImageLoad(ctx, archive, client.ImageLoadWithQuiet(true))
	if err != nil {
		return "", e.checked(ctx, err)
	}
	defer stream.Close()
	var loaded []string
	err = eachMessage(stream, func(message jsonstream.Message) {
		// "Loaded image: name:tag" or "Loaded image ID: sha256:…" (moby, image/tarexport/load.go)
		if rest, ok := strings.CutPrefix(strings.TrimSpace(message.Stream), "Loaded image"); ok {
			loaded = append(loaded, strings.TrimSpace(strings.TrimPrefix(strings.TrimPrefix(rest, " ID"), ":")))
		}
	})
	switch {
	case err != nil:
		return "", err
	case len(loaded) != 1:
		return "", fmt.Errorf("the archive holds %d images instead of one: %s", len(loaded), strings.Join(loaded, ", "))
	}
	return loaded[0], nil
}

// Import makes an image of a root folder, given as a tar stream. changes are lines of a Dockerfile, such as ENTRYPOINT.
func (e *Engine) Import(ctx context.Context, root io.Reader, tag string, changes []string) error {
	stream, err := e.api.ImageImport(ctx, client.ImageImportSource{Source: root, SourceName: "-"}, tag, client.ImageImportOptions{Changes: changes})
	if err != nil {
		return e.checked(ctx, err)
	}
	defer stream.Close()
	return eachMessage(stream, func(jsonstream.Message) {})
}

// eachMessage reads the engine's account of what it does; an error may come in any line of it.
func eachMessage(stream io.Reader, visit func(jsonstream.Message)) error {
	for decoder := json.NewDecoder(stream); ; {
		var message jsonstream.Message
		err := decoder.Decode(&message)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if message.Error != nil {
			return message.Error
		}
		visit(message)
	}
}
