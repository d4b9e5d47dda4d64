package workbench

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"bestbox/tools"
)

func analyticsTools(s *session) []*tools.Tool {
	return []*tools.Tool{
		reads(s, "analytics_total_visits_count", "Visits of the website on each day.", func(w *World, in days) (said, error) {
			return daily(w, in, "visits", func([]string) bool { return true }, count)
		}),
		reads(s, "analytics_engaged_users_count", "Engaged users of the website on each day.", func(w *World, in days) (said, error) {
			return daily(w, in, "engaged users", func(row []string) bool { return row[5] == "True" }, count)
		}),
		reads(s, "analytics_get_average_session_duration", "Average duration of a session in seconds on each day.", func(w *World, in days) (said, error) {
			return daily(w, in, "seconds a session", func([]string) bool { return true }, averageDuration)
		}),
		reads(s, "analytics_traffic_source_count", "Visits that came from one source on each day.", func(w *World, in sourceDays) (said, error) {
			return daily(w, in.days, "visits from "+in.Source, func(row []string) bool { return row[4] == in.Source }, count)
		}),
		reads(s, "analytics_get_visitor_information_by_id", "The visits of one visitor.", visitor),
		writes(s, "analytics_create_plot", "Draws a chart of one measure. The last day with figures is "+lastFigures+".", createPlot),
	}
}

type days struct {
	spelling
	TimeMin string `json:"time_min" jsonschema:"example=2023-01-30" jsonschema_description:"First day."`
	TimeMax string `json:"time_max" jsonschema:"example=2023-01-31" jsonschema_description:"Last day."`
}

func (d days) check() error {
	if err := isDay("time_min", d.TimeMin); err != nil {
		return err
	}
	return isDay("time_max", d.TimeMax)
}

type sourceDays struct {
	days
	Source string `json:"traffic_source" jsonschema:"enum=direct,enum=referral,enum=search engine,enum=social media"`
}

func count(rows [][]string) float64 { return float64(len(rows)) }

func averageDuration(rows [][]string) float64 {
	sum := 0
	for _, row := range rows {
		seconds, _ := strconv.Atoi(row[3]) // the figures are whole numbers; what is missing counts nothing
		sum += seconds
	}
	return float64(sum) / float64(max(1, len(rows)))
}

// lastFigures is the last day with figures: the one before now.
const lastFigures = "2023-11-29"

// mostDays is how many days are listed; longer times are summed up.
const mostDays = 31

// daily says a measure for each day that has a visit, and what a question may want to know of it: the sum, and how it changed.
func daily(world *World, in days, words string, counts func(row []string) bool, measure func(rows [][]string) float64) (said, error) {
	if err := in.check(); err != nil {
		return nil, err
	}
	byDay := map[string][][]string{}
	var all []string
	for _, row := range world.Visits.Rows {
		if !between(row[0], in.TimeMin, in.TimeMax) {
			continue
		}
		if _, seen := byDay[row[0]]; !seen {
			all = append(all, row[0])
			byDay[row[0]] = nil
		}
		if counts(row) {
			byDay[row[0]] = append(byDay[row[0]], row)
		}
	}
	if len(all) == 0 {
		return said{fmt.Sprintf("There are no visits from %s to %s.", in.TimeMin, in.TimeMax)}, nil
	}
	slices.Sort(all)
	values := make([]float64, len(all))
	listed := make([]string, len(all))
	sum := 0.0
	for index, day := range all {
		values[index] = measure(byDay[day])
		listed[index] = day + ": " + figure(values[index])
		sum += values[index]
	}
	first, last := values[0], values[len(values)-1]
	told := said{fmt.Sprintf("From %s to %s the %s were %s in sum; the lowest day had %s, the highest %s.", all[0], all[len(all)-1], words, figure(sum),
		figure(slices.Min(values)), figure(slices.Max(values)))}
	if len(all) > 1 {
		change := fmt.Sprintf("It was %s on the first day and %s on the last", figure(first), figure(last))
		if first != 0 {
			change += fmt.Sprintf(", a change of %s%%", figure(100*(last-first)/first))
		}
		told = append(told, change+".")
	}
	if len(all) <= mostDays {
		told = append(told, strings.Join(listed, ", ")+".")
	}
	return told, nil
}

func figure(value float64) string {
	return strings.TrimSuffix(strconv.FormatFloat(value, 'f', 1, 64), ".0")
}

type visitorArguments struct {
	spelling
	VisitorID string `json:"visitor_id" jsonschema:"minLength=1"`
}

func visitor(world *World, in visitorArguments) (said, error) {
	found := world.Visits.where(func(cell func(string) string) bool { return cell("visitor_id") == in.VisitorID })
	return listed(found, mostFound, "visits", func(row []string) string {
		return fmt.Sprintf("on %s from %s, %s pages, %s seconds, engaged: %s", row[0], row[4], row[2], row[3], row[5])
	}), nil
}

type plot struct {
	days
	Value string `json:"value_to_plot" jsonschema:"enum=total_visits,enum=session_duration_seconds,enum=user_engaged,enum=visits_direct,enum=visits_referral,enum=visits_search_engine,enum=visits_social_media"`
	Kind  string `json:"plot_type" jsonschema:"enum=bar,enum=line,enum=scatter,enum=histogram"`
}

func createPlot(world *World, in plot) (said, error) {
	if err := in.check(); err != nil {
		return nil, err
	}
	if in.TimeMax > lastFigures {
		return nil, wrong("time_max", in.TimeMax, "a day up to "+lastFigures+", the last one with figures")
	}
	file := fmt.Sprintf("plots/%s_%s_%s_%s.png", in.TimeMin, in.TimeMax, in.Value, in.Kind)
	world.Plots.Rows = append(world.Plots.Rows, []string{file})
	return said{"The chart " + file + " was drawn."}, nil
}
