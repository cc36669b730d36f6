package credential

import (
	"strings"
	"time"
)

// provinces lists the first two digits of GB/T 2260 codes, and 81 to 83 for
// residents of Hong Kong, Macao and Taiwan.
const provinces = " 11 12 13 14 15 21 22 23 31 32 33 34 35 36 37 41 42 43 44 45 46" +
	" 50 51 52 53 54 61 62 63 64 65 71 81 82 83 "

// national is the code of the whole country. An organisation that the State
// Council's own authorities registered carries it.
const national = "100000"

// checkRegion checks the form and the province of an administrative division
// code of six digits (GB/T 2260). The list of counties changes every year and
// is not held here.
func checkRegion(code string) Reason {
	if len(code) != 6 {
		return ReasonLength
	}
	if !isDigits(code) {
		return ReasonCharacter
	}
	if code != national && !strings.Contains(provinces, " "+code[:2]+" ") {
		return ReasonRegion
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

// checkResidentID checks a resident identity number: six digits of region,
// birth date, three digits of sequence, check character (X in upper case).
func checkResidentID(number string) Reason {
	if len(number) != 18 {
		return ReasonLength
	}
	if !isDigits(number[:17]) || number[17] != 'X' && !isDigits(number[17:]) {
		return ReasonCharacter
	}
	if reason := checkRegion(number[:6]); reason != "" {
		return reason
	}
	if number[:6] == national {
		return ReasonRegion
	}
	// The standard's own example was born in 1880.
	if born, err := time.Parse("20060102", number[6:14]); err != nil || born.Year() < 1800 {
		return ReasonDate
	}
	sum := 0
	for i, weight := range residentWeights {
		sum += int(number[i]-'0') * weight
	}
	if residentChecks[sum%11] != number[17] {
		return ReasonCheckDigit
	}
	return ""
}

// usccAlphabet is the alphabet of GB 32100-2015: without I, O, S, V and Z.
const usccAlphabet = "0123456789ABCDEFGHJKLMNPQRTUWXY"

// checkUSCC checks a unified social credit code of 18 characters: authority,
// kind, six digits of region, organisation code, check character.
func checkUSCC(code string) Reason {
	if len(code) != 18 {
		return ReasonLength
	}
	if strings.Trim(code, usccAlphabet) != "" {
		return ReasonCharacter
	}
	if reason := checkRegion(code[2:8]); reason != "" {
		return reason
	}
	sum, weight := 0, 1
	for i := range 17 {
		sum += strings.IndexByte(usccAlphabet, code[i]) * weight
		weight = weight * 3 % 31
	}
	if usccAlphabet[(31-sum%31)%31] != code[17] {
		return ReasonCheckDigit
	}
	return ""
}
