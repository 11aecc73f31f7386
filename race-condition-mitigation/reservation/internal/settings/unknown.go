package settings

import (
	"reflect"
	"slices"
	"strings"
)

// Unread returns a sentence for every variable with the member's prefix that no setting reads.
//
// They are a warning and no error: Kubernetes sets variables of its own from the names of Services. variables are as
// os.Environ has them, NAME=value.
func Unread(variables []string) []string {
	known := []string{}
	for _, one := range settingsOf(reflect.TypeFor[Settings]()) {
		known = append(known, one.variable, one.variable+"_FILE")
	}
	var sentences []string
	for _, variable := range slices.Sorted(slices.Values(variables)) {
		name, _, _ := strings.Cut(variable, "=")
		if !strings.HasPrefix(name, prefix) || slices.Contains(known, name) {
			continue
		}
		sentence := name + " is read by nothing"
		if near := nearest(name, known); near != "" {
			sentence += "; is " + near + " meant?"
		}
		sentences = append(sentences, sentence)
	}
	return sentences
}

// nearest returns the word that is most like another, "" if none is alike.
func nearest(word string, words []string) string {
	const alike = 0.6
	best, found := alike, ""
	for _, one := range words {
		if likeness := 2 * float64(shared(word, one)) / float64(len(word)+len(one)); likeness >= best {
			best, found = likeness, one
		}
	}
	return found
}

// shared counts the letters that two words have in common in one order: those of the longest piece that both have, and
// of the pieces on its left and right (Ratcliff and Obershelp, Pattern Matching: The Gestalt Approach, 1988).
func shared(left, right string) int {
	length, atLeft, atRight := 0, 0, 0
	for i := range left {
		for j := range right {
			k := 0
			for i+k < len(left) && j+k < len(right) && left[i+k] == right[j+k] {
				k++
			}
			if k > length {
				length, atLeft, atRight = k, i, j
			}
		}
	}
	if length == 0 {
		return 0
	}
	return length + shared(left[:atLeft], right[:atRight]) +
		shared(left[atLeft+length:], right[atRight+length:])
}
