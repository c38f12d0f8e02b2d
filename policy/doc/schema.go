package doc

import (
	"encoding/json"
)

// schemaDialect is JSON Schema 2020-12, json-schema.org/draft/2020-12.
const schemaDialect = "https://json-schema.org/draft/2020-12/schema"

// Schema returns a JSON Schema of all policy files, for editors. Each kind of
// file is a definition; the whole picks one by the keys that are there. It is
// made of the shapes that Load follows. What a schema cannot say (that a name is
// known, that a day exists, keys written twice) is for Load and Check.
//
// Editors give a scalar the type YAML 1.2 gives it, so that text may be a number
// there, and yes a boolean.
func Schema() []byte {
	b := schemaBuilder{defs: object{}}
	kinds := []struct {
		by    string // the key that tells the kind
		shape *shape
	}{
		{"cases", shapeTests}, {"organization", shapeOrganization}, {"role", shapeRole}, {"restrictions", shapeRestrictions},
		{"disclosure", shapeDisclosure}, {"partner", shapePartner}, {"database", shapeCatalog}, {"extensions", shapeCatalog},
	}
	pick := b.ref(shapeConditions)
	for i := len(kinds) - 1; i >= 0; i-- {
		pick = object{"if": object{"required": []string{kinds[i].by}}, "then": b.ref(kinds[i].shape), "else": pick}
	}
	whole := object{
		"$schema":     schemaDialect,
		"title":       "Modicum policy file",
		"description": "Who sees what, for which task, when.",
		"type":        "object",
		"$defs":       b.defs,
	}
	for k, v := range pick {
		whole[k] = v
	}
	out, err := json.MarshalIndent(whole, "", "  ")
	if err != nil {
		panic("doc: the schema is made of strings and numbers: " + err.Error()) // cannot happen
	}
	return append(out, '\n')
}

// object is a JSON object.
type object map[string]any

type schemaBuilder struct{ defs object }

// ref returns the schema of a shape, by name if it has one.
func (b *schemaBuilder) ref(s *shape) object {
	if s.name == "" {
		return b.shape(s)
	}
	if _, ok := b.defs[s.name]; !ok {
		b.defs[s.name] = object{} // stands in while it is built
		b.defs[s.name] = b.shape(s)
	}
	return object{"$ref": "#/$defs/" + s.name}
}

func (b *schemaBuilder) shape(s *shape) object {
	var ways []object
	if s.scalar != nil {
		ways = append(ways, s.scalar.schema())
	}
	if s.item != nil {
		ways = append(ways, b.list(s))
	}
	if s.keys != nil || s.entry != nil {
		ways = append(ways, b.mapping(s))
	}
	if len(ways) == 1 {
		return ways[0]
	}
	return object{"anyOf": ways}
}

func (b *schemaBuilder) list(s *shape) object {
	out := object{"type": "array", "items": b.ref(s.item)}
	if !s.maybe {
		out["minItems"] = 1
	}
	if s.item.scalar != nil {
		out["uniqueItems"] = true
	}
	return out
}

func (b *schemaBuilder) mapping(s *shape) object {
	out := object{"type": "object", "additionalProperties": false}
	if !s.maybe {
		out["minProperties"] = 1
	}
	if s.single {
		out["maxProperties"] = 1
	}
	if s.keys != nil {
		properties, required := object{}, []string{}
		for _, k := range s.keys {
			v := b.ref(k.shape)
			if k.means != "" {
				v["description"] = k.means
			}
			properties[k.name] = v
			if k.need {
				required = append(required, k.name)
			}
		}
		out["properties"] = properties
		if len(required) > 0 {
			out["required"] = required
		}
	}
	if s.entry != nil {
		out["additionalProperties"] = b.ref(s.entry)
		out["propertyNames"] = s.keyAs.schemaOfText()
	}
	if len(s.needOne) > 0 {
		var any []object
		for _, name := range s.needOne {
			any = append(any, object{"required": []string{name}})
		}
		out["anyOf"] = any
	}
	return out
}

// schema is the grammar as JSON Schema, for a value that YAML may have given a
// type of its own.
func (g *grammar) schema() object {
	switch {
	case g == gYesNo:
		return object{"enum": []any{"yes", "no", true, false}}
	case g == gCount:
		return object{"type": "integer", "minimum": 1, "maximum": 999999999}
	case g.pattern == nil && g.words == nil, g == gContract, g == gToken, g == gColumn:
		return object{"anyOf": []object{g.schemaOfText(), {"type": []string{"number", "boolean"}}}}
	}
	return g.schemaOfText()
}

// schemaOfText is the grammar as JSON Schema, for text.
func (g *grammar) schemaOfText() object {
	if g.words != nil {
		return object{"enum": g.words}
	}
	most := g.most
	if most == 0 {
		most = maxText
	}
	out := object{"type": "string", "minLength": 1, "maxLength": most}
	if g.pattern != nil {
		out["pattern"] = g.pattern.String()
	}
	if g.like != "" {
		out["examples"] = []string{g.like}
	}
	return out
}
