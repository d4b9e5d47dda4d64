// Package llm speaks to one llama-server, called a tier.
//
// A [Tier] is a langchaingo [llms.Model], so any langchaingo chain can use it, and adds what agents need from llama-server and
// langchaingo has no word for: schema-constrained decisions, log-probabilities over labels, token counts, the share of the prompt
// that came from the slot's cache, typed errors, and cancellation that reaches the server.
//
// It refuses four things on purpose. It never retries: the caller (a Temporal activity) owns retries. It never sends id_slot:
// on build b11434 a request with id_slot can be answered with another request's text. It never returns a text that was cut by a
// fault together with a nil error. And it never lets a text of a message become a control token of the model's chat template, such as <|im_end|>.
package llm
