// Package gb checks numbers that Chinese national standards define: divisions
// (GB/T 2260), resident identity numbers (GB 11643-1999) and unified social
// credit codes (GB 32100-2015). It checks the form. Whether a register holds the
// number is not its question.
package gb

import (
	"strings"
	"time"
)

// A Fault says what is wrong with a number; empty means nothing.
type Fault string

// Faults.
const (
	FaultLength     Fault = "length"
	FaultCharacter  Fault = "character"
	FaultDate       Fault = "date"
	FaultRegion     Fault = "region"
	FaultCheckDigit Fault = "check-digit"
)

// provinces lists the first two digits of GB/T 2260 codes, and 81 to 83 for
// residents of Hong Kong, Macao and Taiwan.
const provinces = " 11 12 13 14 15 21 22 23 31 32 33 34 35 36 37 41 42 43 44 45 46" +
	" 50 51 52 53 54 61 62 63 64 65 71 81 82 83 "

// national is the code of the whole country. An organisation that the State
// Council's own authorities registered carries it.
const national = "100000"

// CheckRegion checks the form and the province of an administrative division
// code of six digits (GB/T 2260). The list of counties changes every year and
// is not held here.
func CheckRegion(code string) Fault {
	if len(code) != 6 {
		return FaultLength
	}
	if !isDigits(code) {
		return FaultCharacter
	}
	if code != national && !strings.Contains(provinces, " "+code[:2]+" ") {
		return FaultRegion
	}
	return ""
}

func isDigits(s string) bool {
	return strings.Trim(s, "0123456789") == ""
}

// residentWeights and residentChecks come from GB 11643-1999, section 4: ISO
// 7064 MOD 11-2.
var residentWeights = [17]int{7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2}

const residentChecks = "10X98765432"

// CheckResidentID checks a resident identity number: six digits of region,
// birth date, three digits of sequence, check character (X in upper case). The number
// of a foreign permanent resident's card (2023) has in place of the region a 9, two
// digits of the province that issued it, and three of the nationality (ISO 3166-1).
func CheckResidentID(number string) Fault {
	if len(number) != 18 {
		return FaultLength
	}
	if !isDigits(number[:17]) || number[17] != 'X' && !isDigits(number[17:]) {
		return FaultCharacter
	}
	region := number[:6]
	if number[0] == '9' {
		region = number[1:3] + "0000"
	}
	if fault := CheckRegion(region); fault != "" {
		return fault
	}
	if region == national {
		return FaultRegion
	}
	// The standard's own example was born in 1880.
	if born, err := time.Parse("20060102", number[6:14]); err != nil || born.Year() < 1800 {
		return FaultDate
	}
	sum := 0
	for i, weight := range residentWeights {
		sum += int(number[i]-'0') * weight
	}
	if residentChecks[sum%11] != number[17] {
		return FaultCheckDigit
	}
	return ""
}

// usccAlphabet is the alphabet of GB 32100-2015: without I, O, S, V and Z.
const usccAlphabet = "0123456789ABCDEFGHJKLMNPQRTUWXY"

// CheckUSCC checks a unified social credit code of 18 characters: authority,
// kind, six digits of region, organisation code, check character.
func CheckUSCC(code string) Fault {
	if len(code) != 18 {
		return FaultLength
	}
	if strings.Trim(code, usccAlphabet) != "" {
		return FaultCharacter
	}
	if fault := CheckRegion(code[2:8]); fault != "" {
		return fault
	}
	if checkCharacter(code[:17]) != code[17] {
		return FaultCheckDigit
	}
	return ""
}

// USCC completes the first 17 characters of a unified social credit code.
func USCC(first17 string) string { return first17 + string(checkCharacter(first17)) }

// checkCharacter follows GB 32100-2015, section 5 (GB/T 17710, MOD 31-3).
func checkCharacter(first17 string) byte {
	sum, weight := 0, 1
	for i := range len(first17) {
		sum += max(strings.IndexByte(usccAlphabet, first17[i]), 0) * weight
		weight = weight * 3 % 31
	}
	return usccAlphabet[(31-sum%31)%31]
}
