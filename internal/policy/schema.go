package policy

import "encoding/json"

// Schema returns the JSON Schema (draft 2020-12) of the policy file, for
// editors and for checks in other tools. It is made from the tables that the
// decoder uses. Variables are allowed wherever a scalar is.
func Schema() []byte {
	schema := jsonSchema{
		"$schema":     "https://json-schema.org/draft/2020-12/schema",
		"title":       "edge policy",
		"description": "The policy file of edge, a caching reverse proxy.",
	}
	for key, value := range mappingSchema(configOptions) {
		schema[key] = value
	}
	text, err := json.MarshalIndent(schema, "", "  ")
	if err != nil {
		panic("policy: internal error: the schema is not JSON: " + err.Error())
	}
	return append(text, '\n')
}

// mappingSchema describes a mapping with the options of a table.
func mappingSchema[S any](table []optionOf[S]) jsonSchema {
	properties := make(map[string]jsonSchema, len(table))
	var required []string
	for _, o := range table {
		properties[o.name] = described(o)
		if o.required {
			required = append(required, o.name)
		}
	}
	schema := jsonSchema{
		"type":                 "object",
		"additionalProperties": false,
		"minProperties":        1,
		"properties":           properties,
	}
	if required != nil {
		schema["required"] = required
	}
	return schema
}

// described is the schema of an option with what it means.
func described[S any](o optionOf[S]) jsonSchema {
	schema := jsonSchema{"description": o.doc}
	for key, value := range o.schema {
		schema[key] = value
	}
	return schema
}
