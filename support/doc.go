// Package support holds what a person has taught: shots in classes, in a store
// that survives a power cut, and the classifier that rests on them.
package support
