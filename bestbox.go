// Package bestbox holds what the whole project ships as data: the built-in configuration. It has no behaviour of its own;
// internal/config reads it. It sits in the root because go:embed cannot reach files above its package.
package bestbox

import _ "embed"

// DefaultConfig is bestbox.yaml as shipped: the values that hold where a user's own file is silent.
//
//go:embed bestbox.yaml
var DefaultConfig []byte
