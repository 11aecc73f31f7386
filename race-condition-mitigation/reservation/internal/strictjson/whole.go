package strictjson

import (
	"strconv"
	"strings"
)

// exactBelow is where a reader that has nothing but floats begins to lose whole numbers.
const exactBelow = 1 << 53

// wholeOf returns the whole number that a literal is, or what is wrong with it. JSON Schema, and so the contract, calls
// 2.0 an integer too: what has a point or an exponent is one if it is whole and every reader has it exactly.
func wholeOf(literal string) (int64, string) {
	const notWhole = "Input should be a valid integer, got a number with a fractional part"
	const tooGreat = "Input should be a valid integer, this one is too great"
	if !strings.ContainsAny(literal, ".eE") {
		found, err := strconv.ParseInt(literal, 10, 64)
		if err != nil {
			return 0, integerFault(err)
		}
		return found, ""
	}
	mantissa, exponent, _ := strings.Cut(strings.ToLower(literal), "e")
	sign := ""
	if strings.HasPrefix(mantissa, "-") {
		sign, mantissa = "-", mantissa[1:]
	}
	before, after, _ := strings.Cut(mantissa, ".")
	digits := strings.TrimLeft(before+after, "0")
	if digits == "" {
		return 0, ""
	}
	shift := 0
	if exponent != "" {
		var err error
		if shift, err = strconv.Atoi(exponent); err != nil || shift > 1_000_000 || shift < -1_000_000 {
			return 0, tooGreat
		}
	}
	trimmed := strings.TrimRight(digits, "0")
	zeros := len(digits) - len(trimmed) - len(after) + shift
	if zeros < 0 {
		return 0, notWhole
	}
	if len(trimmed)+zeros > len("9007199254740992") {
		return 0, tooGreat
	}
	found, err := strconv.ParseInt(sign+trimmed+strings.Repeat("0", zeros), 10, 64)
	if err != nil || found >= exactBelow || found <= -exactBelow {
		return 0, tooGreat
	}
	return found, ""
}

func integerFault(err error) string {
	if strings.Contains(err.Error(), strconv.ErrRange.Error()) {
		return "Input should be a valid integer, this one is too great"
	}
	return "Input should be a valid integer, unable to parse string as an integer"
}
