package console

import (
	"regexp"
	"strings"

	"modicum/catalog"
	"modicum/policy/doc"
)

// words turns a name of the policy into words.
func words(name string) string {
	if name == "it" { // the purpose
		return "IT"
	}
	return lawNames.Replace(strings.ReplaceAll(name, "-", " "))
}

// parted is a mail address in the parts between which a line may end.
func parted(address string) []string { return strings.SplitAfter(address, "@") }

// lawNames are names of laws, which a name of the policy cannot spell as people do.
var lawNames = strings.NewReplacer("part2", "Part 2", "part 2", "Part 2")

func wordsOf(names doc.Words) string { return words(strings.Join(texts(names), ", ")) }

// policyName is a name as policies write it: of a class with its parents, of a fact, role,
// position, task. What begins with a digit is a date or a number.
var policyName = regexp.MustCompile(`[a-z][a-z0-9]*([.-][a-z0-9]+)*`)

// prose is a condition of the policy as people read it: names as they are said, classes by
// their titles. Pages of roles and of changes say one condition in the same words.
func prose(cat *catalog.Catalog, condition string) string {
	return policyName.ReplaceAllStringFunc(condition, func(name string) string {
		if strings.Contains(name, ".") {
			return strings.Join(titlesOf(cat, []string{name}), "")
		}
		return words(name)
	})
}
