package bfcl

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
)

// Call is one function call of a model.
type Call struct {
	Name      string          `json:"name"`
	Arguments json.RawMessage `json:"arguments"`
}

// Score says what is wrong with the calls of a model, in words; "" means that they are right. It is BFCL's comparison for Python: one call per
// gold call, in any order, each with the right name, every required parameter, no unexpected one, the declared types and accepted values.
// Where gold has no call, any call is wrong.
func Score(row Row, calls []Call) string {
	if len(calls) != len(row.Gold) {
		return fmt.Sprintf("%d calls instead of %d", len(calls), len(row.Gold))
	}
	left := slices.Clone(calls)
	for _, gold := range row.Gold {
		problem := ""
		at := slices.IndexFunc(left, func(call Call) bool {
			problem = scoreCall(row, gold, call)
			return problem == ""
		})
		if at < 0 {
			return problem
		}
		left = slices.Delete(left, at, at+1)
	}
	return ""
}

func scoreCall(row Row, gold GoldCall, call Call) string {
	if call.Name != gold.Name {
		return fmt.Sprintf("calls %s instead of %s", call.Name, gold.Name)
	}
	at := slices.IndexFunc(row.Functions, func(function Function) bool { return function.Name == gold.Name })
	if at < 0 {
		return gold.Name + " is not offered"
	}
	function := row.Functions[at]
	var given map[string]any
	if err := decode(call.Arguments, &given); err != nil || given == nil {
		return fmt.Sprintf("the arguments of %s are no JSON object", call.Name)
	}
	for _, name := range function.required {
		if _, present := given[name]; !present {
			return name + " is missing"
		}
	}
	for _, name := range slices.Sorted(maps.Keys(given)) {
		value := given[name]
		declared, known := function.declared[name]
		accepted, expected := gold.Accepted[name]
		if !known || !expected {
			return name + " is unexpected"
		}
		if problem := declared.scoreValue(value, accepted); problem != "" {
			return name + " " + problem
		}
	}
	for _, name := range slices.Sorted(maps.Keys(gold.Accepted)) {
		accepted := gold.Accepted[name]
		if _, present := given[name]; !present && !slices.Contains(accepted, any("")) {
			return name + " is missing"
		}
	}
	return ""
}

// scoreValue compares one value with the accepted ones.
func (d declaration) scoreValue(value any, accepted []any) string {
	if d.kind == kindNumber && kindOf(value) == kindInteger {
		value = json.Number(value.(json.Number).String() + ".0") // a whole number is a fine float, though not inside lists
	}
	typed, plain := d.typed(value, accepted)
	wrong := fmt.Sprintf("is %s, which is not among the accepted values", written(value))
	switch {
	case !typed:
		return fmt.Sprintf("is %s, which is no %s", written(value), d.kind)
	case plain:
		if !slices.ContainsFunc(accepted, func(one any) bool { return equal(value, one) }) {
			return wrong
		}
	case !slices.ContainsFunc(accepted, func(one any) bool { return d.matches(value, one) }):
		return wrong
	}
	return ""
}

// typed reports whether the value has a type that passes: the declared one, or that of the first accepted value. plain says that the two
// differ: upstream takes this for the name of a variable, and compares by plain equality then.
func (d declaration) typed(value any, accepted []any) (typed, plain bool) {
	meant, some := firstKind(accepted)
	plain = some && meant != d.kind
	if kindOf(value) != d.kind {
		return some && kindOf(value) == meant, true
	}
	list, isList := value.([]any)
	if !isList {
		return true, plain
	}
	return slices.ContainsFunc(accepted, func(one any) bool {
		elements, ok := one.([]any)
		return !ok || d.elementsTyped(list, elements)
	}), plain
}

func (d declaration) elementsTyped(list, accepted []any) bool {
	meant, some := firstKind(accepted)
	return !slices.ContainsFunc(list, func(element any) bool {
		is := kindOf(element)
		return is != d.element && (!some || is != meant)
	})
}

// firstKind is the type of the first accepted value that is not "".
func firstKind(accepted []any) (kind, bool) {
	for _, one := range accepted {
		if one != any("") {
			return kindOf(one), true
		}
	}
	return "", false
}

// matches compares a value of the declared type with one accepted value.
func (d declaration) matches(value, accepted any) bool {
	switch d.kind {
	case kindString:
		return equal(normal(value), normal(accepted))
	case kindObject:
		return matchesObject(value, accepted)
	case kindArray:
		if d.element != kindObject {
			return equal(normalList(value), normalList(accepted))
		}
		list, _ := value.([]any)
		lists, _ := accepted.([]any) // "" counts as an empty list, as in normalList
		return slices.EqualFunc(list, lists, matchesObject)
	default:
		return equal(value, accepted)
	}
}

// matchesObject compares an object with one accepted object, which holds a list of accepted values for each key.
func matchesObject(value, accepted any) bool {
	given, isObject := value.(map[string]any)
	keys, ok := accepted.(map[string]any)
	if !isObject || !ok {
		return false
	}
	for key, one := range given {
		values, _ := keys[key].([]any)
		if !slices.ContainsFunc(values, func(other any) bool { return equal(normal(one), normal(other)) }) {
			return false
		}
	}
	for key, values := range keys {
		list, _ := values.([]any)
		if _, present := given[key]; !present && !slices.Contains(list, any("")) {
			return false
		}
	}
	return true
}

func written(value any) string {
	text, err := json.Marshal(value)
	if err != nil {
		return "not JSON"
	}
	return string(text)
}
