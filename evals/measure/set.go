package measure

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"

	"bestbox/internal/config"
	"bestbox/internal/llm"
)

// Set names rows by their number and content: figures of other ones are not added to theirs.
func Set[Row any](noun string, rows []Row) string {
	hash := sha256.New()
	for _, row := range rows {
		fmt.Fprintf(hash, "%#v\n", row)
	}
	return fmt.Sprintf("%d %s (%s)", len(rows), noun, hex.EncodeToString(hash.Sum(nil))[:8])
}

// Pick takes the rows of these ids, in their own order; without ids all. An id that no row has is an error.
func Pick[Row any](noun string, rows []Row, ids []string, id func(Row) string) ([]Row, error) {
	if len(ids) == 0 {
		return rows, nil
	}
	for _, wanted := range ids {
		if !slices.ContainsFunc(rows, func(row Row) bool { return id(row) == wanted }) {
			return nil, fmt.Errorf("there is no %s %q", noun, wanted)
		}
	}
	return slices.DeleteFunc(rows, func(row Row) bool { return !slices.Contains(ids, id(row)) }), nil
}

// Tiers names the models of a BestBox whose model servers run, and the build of the heavy one.
func Tiers(ctx context.Context, settings *config.Config, set string) (About, error) {
	heavy := settings.Tiers[config.Heavy]
	tier, err := llm.New(llm.Options{Name: config.Heavy, BaseURL: heavy.URL(), Model: heavy.Model})
	if err != nil {
		return About{}, err
	}
	about, err := aboutServer(ctx, tier, set)
	if err != nil {
		return About{}, fmt.Errorf("%w (start the model servers with `llmctl up`)", err)
	}
	if light, some := settings.Tiers[config.Light]; some {
		about.Model += " and " + light.Model
	}
	return about, nil
}

// aboutServer asks a model server what it is.
func aboutServer(ctx context.Context, tier *llm.Tier, set string) (About, error) {
	properties, err := tier.Properties(ctx)
	return About{Model: tier.Model(), Build: properties.Build, Set: set}, err
}
