package itops

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"bestbox/internal/records"
	"bestbox/tools"
)

// creator is who made a silence, in Alertmanager.
const creator = "bestbox"

// mark is how the key of the call stands behind the reason: with it a silence is found again after a crash.
func mark(key string) string {
	sum := sha256.Sum256([]byte(key))
	return "[bestbox " + hex.EncodeToString(sum[:16]) + "]"
}

var anyMark = regexp.MustCompile(`\s*\[bestbox [0-9a-f]{32}\]$`)

// withoutMark is the reason alone.
func withoutMark(comment string) string { return oneLine(anyMark.ReplaceAllString(comment, "")) }

// silencer is what stands behind silence_alert where alerts are Alertmanager's.
func (s store) silencer() tools.Writer[SilenceArguments, *Silenced] {
	return tools.Writer[SilenceArguments, *Silenced]{
		Preview: func(ctx context.Context, in SilenceArguments) (change tools.Change, err error) {
			err = s.read(ctx, func(p *plant) error {
				planned, err := p.plannedSilence(in)
				change = planned.change
				return err
			})
			return change, err
		},
		Apply: s.silence,
		Undo: func(ctx context.Context, key string) (*Silenced, error) {
			return records.UndoElsewhere(ctx, s.db, records.Effect{Key: key, Tool: silenceDefinition.Name}, func(ctx context.Context, done *Silenced) (*Silenced, error) {
				if s.live.alertmanager == nil {
					return done, errNoAlertmanager
				}
				done.Undone = true
				return done, s.live.alertmanager.expire(ctx, done.SilenceID)
			})
		},
	}
}

var errNoAlertmanager = &tools.ArgumentError{Field: "alert_id", Allowed: "nothing: no Alertmanager is connected (connections.alertmanager), and only it can silence alerts"}

// silence makes a silence once for a key.
func (s store) silence(ctx context.Context, key string, in SilenceArguments) (*Silenced, error) {
	arguments, err := json.Marshal(in)
	if err != nil {
		return nil, fmt.Errorf("encode the arguments: %w", err)
	}
	if s.live.alertmanager == nil {
		return nil, errNoAlertmanager
	}
	_, begun, err := s.db.FindEffect(ctx, key)
	if err != nil {
		return nil, err
	}
	if !begun { // what is refused leaves no row behind
		if _, err := s.planSilenceNow(ctx, in); err != nil {
			return nil, err
		}
	}
	effect := records.Effect{Key: key, Tool: silenceDefinition.Name, Arguments: arguments}
	return records.OnceElsewhere(ctx, s.db, effect, records.Elsewhere[*Silenced]{
		Do: func(ctx context.Context) (*Silenced, error) {
			planned, err := s.planSilenceNow(ctx, in)
			if err != nil {
				return nil, err
			}
			planned.out.SilenceID, err = s.live.alertmanager.create(ctx, s.live.silenceOf(key, planned))
			return planned.out, err
		},
		Happened: func(ctx context.Context) (*Silenced, bool, error) { return s.silenced(ctx, key, in) },
	})
}

func (s store) planSilenceNow(ctx context.Context, in SilenceArguments) (planned plannedSilence, err error) {
	err = s.read(ctx, func(p *plant) error {
		planned, err = p.plannedSilence(in)
		return err
	})
	return planned, err
}

// silenceOf is what Alertmanager is asked for: all labels of the alert, so that no other is silenced with it. It begins in the past, which
// Alertmanager takes for its own now: by our clock it might begin later.
func (l *live) silenceOf(key string, planned plannedSilence) silence {
	wanted := silence{StartsAt: l.clock().Add(-24 * time.Hour), EndsAt: l.moment(planned.until), CreatedBy: creator, Comment: planned.out.Reason + " " + mark(key)}
	for _, name := range slices.Sorted(maps.Keys(planned.alert.labels)) {
		wanted.Matchers = append(wanted.Matchers, matcher{Name: name, Value: planned.alert.labels[name], IsEqual: true})
	}
	return wanted
}

// silenced looks for the silence of a key, in whatever state it is by now.
func (s store) silenced(ctx context.Context, key string, in SilenceArguments) (*Silenced, bool, error) {
	all, err := s.live.alertmanager.silences(ctx)
	if err != nil {
		return nil, false, err
	}
	at := slices.IndexFunc(all, func(one silence) bool { return one.CreatedBy == creator && strings.HasSuffix(one.Comment, mark(key)) })
	if at < 0 {
		return nil, false, nil
	}
	labels := map[string]string{}
	for _, m := range all[at].Matchers {
		labels[m.Name] = m.Value
	}
	out := &Silenced{SilenceID: all[at].ID, AlertID: string(in.AlertID), Until: s.live.wall(all[at].EndsAt).Format(minutes), Reason: withoutMark(all[at].Comment)}
	err = s.read(ctx, func(p *plant) error {
		id, _ := s.live.componentOf(labels)
		out.ComponentID, out.Component = id, p.components[id].name
		out.Rule = ruleOf(labels)
		return nil
	})
	return out, true, err
}
