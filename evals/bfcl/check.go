package bfcl

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"bestbox/evals/measure"
)

// goldCalls are calls that gold accepts: of each parameter the first value that is not "".
func goldCalls(row Row) []Call {
	calls := make([]Call, 0, len(row.Gold))
	for _, gold := range row.Gold {
		calls = append(calls, callOf(gold.Name, goldArguments(gold)))
	}
	return calls
}

func goldArguments(gold GoldCall) map[string]any {
	arguments := map[string]any{}
	for name, accepted := range gold.Accepted {
		if one, some := firstAccepted(accepted); some {
			arguments[name] = one
		}
	}
	return arguments
}

// firstAccepted is the first accepted value that is not "". Objects are accepted as lists of accepted values for each key.
func firstAccepted(accepted []any) (any, bool) {
	for _, one := range accepted {
		switch typed := one.(type) {
		case map[string]any:
			return firstObject(typed), true
		case []any:
			list := make([]any, len(typed))
			for index, element := range typed {
				list[index] = element
				if object, ok := element.(map[string]any); ok {
					list[index] = firstObject(object)
				}
			}
			return list, true
		}
		if one != any("") {
			return one, true
		}
	}
	return nil, false
}

func firstObject(accepted map[string]any) map[string]any {
	object := map[string]any{}
	for key, values := range accepted {
		list, _ := values.([]any)
		if at := slices.IndexFunc(list, func(one any) bool { return one != any("") }); at >= 0 {
			object[key] = list[at]
		}
	}
	return object
}

func callOf(name string, arguments map[string]any) Call {
	text, err := json.Marshal(arguments)
	if err != nil {
		panic(err) // the values were read from JSON
	}
	return Call{Name: name, Arguments: text}
}

// corruption spoils right calls in one way. It returns false where a row gives no occasion.
type corruption struct {
	name  string
	spoil func(row Row) ([]Call, bool)
}

// corruptions are what a scorer must reject whatever the row is.
var corruptions = []corruption{
	{"no call", func(row Row) ([]Call, bool) { return nil, len(row.Gold) > 0 }},
	{"another function's name", func(row Row) ([]Call, bool) {
		calls := goldCalls(row)
		if len(calls) == 0 {
			return nil, false
		}
		calls[0].Name = otherName(row, calls[0].Name)
		return calls, true
	}},
	{"a second call", func(row Row) ([]Call, bool) {
		calls := goldCalls(row)
		if len(calls) == 0 {
			return []Call{callOf(otherName(row, ""), nil)}, true
		}
		return append(calls, calls[0]), true
	}},
	{"an extra parameter", spoilArguments(func(_ Row, _ GoldCall, arguments map[string]any) bool {
		arguments["parameter_that_nobody_declared"] = "x"
		return true
	})},
	{"a required parameter dropped", spoilArguments(func(row Row, gold GoldCall, arguments map[string]any) bool {
		for _, name := range requiredOf(row, gold.Name) {
			if _, given := arguments[name]; given {
				delete(arguments, name)
				return true
			}
		}
		return false
	})},
	{"a changed value", spoilArguments(func(_ Row, gold GoldCall, arguments map[string]any) bool {
		return replaceFirst(gold, arguments, changed)
	})},
	{"a number as text", spoilArguments(func(_ Row, gold GoldCall, arguments map[string]any) bool {
		for _, name := range slices.Sorted(maps.Keys(arguments)) {
			number, ok := arguments[name].(json.Number)
			if ok && !slices.Contains(gold.Accepted[name], any(number.String())) {
				arguments[name] = number.String()
				return true
			}
		}
		return false
	})},
	{"another type", spoilArguments(func(_ Row, gold GoldCall, arguments map[string]any) bool {
		return replaceFirst(gold, arguments, func(value any) any { return map[string]any{"value": []any{value}} })
	})},
	{"null", spoilArguments(func(_ Row, gold GoldCall, arguments map[string]any) bool {
		return replaceFirst(gold, arguments, func(any) any { return nil })
	})},
}

func spoilArguments(spoil func(row Row, gold GoldCall, arguments map[string]any) bool) func(row Row) ([]Call, bool) {
	return func(row Row) ([]Call, bool) {
		if len(row.Gold) == 0 {
			return nil, false
		}
		calls, arguments := goldCalls(row), goldArguments(row.Gold[0])
		spoiled := spoil(row, row.Gold[0], arguments)
		calls[0] = callOf(row.Gold[0].Name, arguments)
		return calls, spoiled
	}
}

// replaceFirst replaces the first argument, by name, of which gold does not accept the replacement as well: some rows accept null, or both truth
// values.
func replaceFirst(gold GoldCall, arguments map[string]any, replacement func(any) any) bool {
	for _, name := range slices.Sorted(maps.Keys(arguments)) {
		value := replacement(arguments[name])
		if !slices.ContainsFunc(gold.Accepted[name], func(one any) bool { return equal(one, value) }) {
			arguments[name] = value
			return true
		}
	}
	return false
}

// changed is another value of the same type.
func changed(value any) any {
	switch typed := value.(type) {
	case string:
		return typed + " and something else"
	case json.Number:
		return json.Number("9" + strings.TrimPrefix(typed.String(), "-"))
	case bool:
		return !typed
	case []any:
		return append(slices.Clone(typed), "one more")
	case map[string]any:
		other := maps.Clone(typed)
		other["key_that_nobody_declared"] = "x"
		return other
	}
	return "x"
}

// otherName is the name of another function that is offered, or one that is not.
func otherName(row Row, name string) string {
	for _, function := range row.Functions {
		if function.Name != name {
			return function.Name
		}
	}
	return name + "_other"
}

func requiredOf(row Row, name string) []string {
	at := slices.IndexFunc(row.Functions, func(function Function) bool { return function.Name == name })
	if at < 0 {
		return nil
	}
	return row.Functions[at].required
}

// check scores gold and spoiled answers, so that a folder and the scorer are known to be good before a model is asked.
func check(out io.Writer, categories []Category) error {
	var checks measure.Checks
	var impossible []string
	for _, category := range categories {
		for _, row := range category.Rows {
			problem := Score(row, goldCalls(row))
			checks.Add(category.Name, row.ID, "gold", measure.Either, problem == "", false)
			if problem != "" {
				impossible = append(impossible, fmt.Sprintf("%s: %s", row.ID, problem))
				continue
			}
			for _, corruption := range corruptions {
				if calls, some := corruption.spoil(row); some {
					checks.Add(category.Name, row.ID, corruption.name, measure.Wrong, Score(row, calls) == "", false)
				}
			}
		}
	}
	if len(impossible) > 0 {
		fmt.Fprintf(out, "No call can be right for these rows, since their gold does not fit their functions:\n  %s\n", strings.Join(impossible, "\n  "))
	}
	return checks.Report(out)
}
