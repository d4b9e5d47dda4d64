package retrieval

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"path"
	"strings"
	"time"

	"bestbox/internal/knowledge"
	"bestbox/internal/knowledge/chunk"
	"bestbox/internal/knowledge/parse"
	"bestbox/internal/knowledge/terms"
)

// embedder turns texts into vectors: the client of an embedding server.
type embedder interface {
	EmbedDocuments(ctx context.Context, texts []string) ([][]float32, error)
	EmbedQuery(ctx context.Context, text string) ([]float32, error)
	CountTokens(ctx context.Context, texts []string) ([]int, error)
}

// prepared is a corpus as it goes into an index.
type prepared struct {
	points []knowledge.Point
	// paths are those of the documents, texts what was read of each, in the order of the files.
	paths map[string]string
	texts []string
	// Seconds that it took.
	reading, embedding float64
}

// prepare reads, cuts and embeds the files as they are when they are put into a library. Without an embedder it does not embed.
func prepare(ctx context.Context, files []File, by embedder) (*prepared, error) {
	p := &prepared{paths: map[string]string{}}
	began := time.Now()
	for _, file := range files {
		if err := p.add(ctx, file, by); err != nil {
			return nil, err
		}
	}
	p.reading = time.Since(began).Seconds()
	if by == nil {
		return p, nil
	}
	began = time.Now()
	texts := make([]string, len(p.points))
	for index, point := range p.points {
		texts[index] = chunk.Embedded(point.Chunk)
	}
	vectors, err := by.EmbedDocuments(ctx, texts)
	if err != nil {
		return nil, fmt.Errorf("embed the documents: %w", err)
	}
	for index := range p.points {
		p.points[index].Dense = vectors[index]
	}
	p.embedding = time.Since(began).Seconds()
	return p, nil
}

func (p *prepared) add(ctx context.Context, file File, by embedder) error {
	name := path.Base(file.Path)
	content, err := parse.Read(ctx, name, file.Bytes, parse.DefaultLimits)
	if err != nil {
		return err
	}
	if content.Title == "" {
		content.Title = strings.TrimSuffix(name, path.Ext(name))
	}
	count := chunk.Estimate
	if by != nil {
		count = by.CountTokens
	}
	chunks, err := chunk.Cut(ctx, content, chunk.DefaultSizes, count)
	if err != nil {
		return fmt.Errorf("cut %s: %w", file.Path, err)
	}
	id, sum := knowledge.DocumentID("", file.Path), sha256.Sum256(file.Bytes)
	p.paths[id] = file.Path
	for _, one := range chunks {
		one.Document = id
		p.points = append(p.points, knowledge.Point{Chunk: one, Version: hex.EncodeToString(sum[:]), Terms: terms.Count(chunk.Embedded(one))})
	}
	p.texts = append(p.texts, textOf(file, content))
	return nil
}

// textOf is what the reference searches in: the file itself where it is text, else what was read of it.
func textOf(file File, content knowledge.Content) string {
	if content.Format == "markdown" || content.Format == "text" {
		return string(file.Bytes)
	}
	var blocks []string
	for _, block := range content.Blocks {
		blocks = append(blocks, block.Text)
	}
	return strings.Join(blocks, "\n")
}
