// Package retrieval measures whether the right documents are found: a corpus is read, cut and indexed as BestBox does it, and each question of a set is searched by its words,
// by its meaning, and by both.
package retrieval
