package router

import (
	"slices"

	"bestbox/agents/router/linear"
)

// Learned tells questions of agents that the prompt does not name from all others. It reads the text alone, so that an agent is known as soon as the
// worker starts, without a model and without fitting heads anew.
type Learned struct {
	names   []string // what is none of them has the label len(names)
	weights linear.Weights
}

// How Learned is fitted: 0.01, 0.03 and 0.1 did the same in cross-validation, and after so many iterations it stands still.
const (
	learnedStrength   = 0.01
	learnedIterations = 150
	// learnedAbove is the probability from which a question goes to a learned agent without the model being asked. With 60 examples of one of the
	// labels in the place of an agent's own, .5 finds a third of the label's questions in test.csv, and is wrong on .02 of the others; so that more
	// and closer examples are worth having, and a question that is not recognised goes where it would have gone without the agent.
	learnedAbove = 0.6
)

// Learn fits to the questions of the agents, by name, and to questions that are none of theirs. The result is nil without any.
func Learn(own map[string][]string, others []string) *Learned {
	learned := &Learned{}
	for name, questions := range own {
		if len(questions) > 0 {
			learned.names = append(learned.names, name)
		}
	}
	if len(learned.names) == 0 {
		return nil
	}
	slices.Sort(learned.names)
	all := len(others)
	for _, name := range learned.names {
		all += len(own[name])
	}
	var rows []linear.Row
	add := func(label int, questions []string) {
		for _, question := range questions {
			weight := float64(all) / float64((len(learned.names)+1)*len(questions)) // every label counts the same
			rows = append(rows, linear.Row{Text: TextFeatures(question), Label: label, Weight: weight})
		}
	}
	for label, name := range learned.names {
		add(label, own[name])
	}
	add(len(learned.names), others)
	learned.weights = linear.Train(rows, len(learned.names)+1, 0, Buckets, linear.Penalties{Words: learnedStrength, Text: learnedStrength}, learnedIterations)
	return learned
}

func (l *Learned) likeliest(question string) (name string, probability float64) {
	byName, _ := l.Probabilities(question)
	for _, candidate := range l.names {
		if byName[candidate] > probability {
			name, probability = candidate, byName[candidate]
		}
	}
	return name, probability
}

// Probabilities are those of the learned agents, by name, and what is left for all others.
func (l *Learned) Probabilities(question string) (byName map[string]float64, others float64) {
	probabilities := linear.Softmax(l.weights.Scores(linear.Row{Text: TextFeatures(question)}))
	byName = make(map[string]float64, len(l.names))
	for label, name := range l.names {
		byName[name] = probabilities[label]
	}
	return byName, probabilities[len(l.names)]
}
