package main

import "modicum/catalog"

// kindOf says what an element is, as far as projection cares.
func (b *builder) kindOf(e *element, datatype string) catalog.Kind {
	if e.contentRef != "" || len(e.children) > 0 {
		return catalog.Backbone
	}
	switch datatype {
	case "Coding":
		return catalog.Coding
	case "Reference":
		return catalog.Reference
	case "Identifier":
		return catalog.Identifier
	case "ContactPoint":
		return catalog.ContactPoint
	case "Attachment":
		return catalog.Attachment
	case "Narrative":
		return catalog.Narrative
	case "Meta":
		return catalog.Meta
	case "Extension":
		return catalog.Extension
	case "Resource":
		return catalog.Resource
	case "BackboneElement", "Element", "Dosage", "Timing", "ElementDefinition", "SubstanceAmount",
		"MarketingStatus", "Population", "ProdCharacteristic", "ProductShelfLife":
		return catalog.Backbone
	}
	if b.defs.kinds[datatype] == "primitive-type" {
		return catalog.Primitive
	}
	return catalog.Complex
}

var datatypes = map[string]catalog.Datatype{
	"boolean": catalog.DTBoolean, "integer": catalog.DTInteger, "positiveInt": catalog.DTInteger,
	"unsignedInt": catalog.DTInteger, "decimal": catalog.DTDecimal, "string": catalog.DTString,
	"markdown": catalog.DTMarkdown, "code": catalog.DTCode, "id": catalog.DTID, "uri": catalog.DTURI,
	"url": catalog.DTURI, "canonical": catalog.DTURI, "oid": catalog.DTURI, "uuid": catalog.DTURI,
	"date": catalog.DTDate, "dateTime": catalog.DTDateTime, "instant": catalog.DTInstant,
	"time": catalog.DTTime, "base64Binary": catalog.DTBase64, "CodeableConcept": catalog.DTCodeableConcept,
	"Coding": catalog.DTCoding, "Identifier": catalog.DTIdentifier, "Reference": catalog.DTReference,
	"HumanName": catalog.DTHumanName, "Address": catalog.DTAddress, "ContactPoint": catalog.DTContactPoint,
	"Period": catalog.DTPeriod, "Quantity": catalog.DTQuantity, "Age": catalog.DTQuantity,
	"Count": catalog.DTQuantity, "Distance": catalog.DTQuantity, "Duration": catalog.DTQuantity,
	"Money": catalog.DTMoney, "Annotation": catalog.DTAnnotation, "Attachment": catalog.DTAttachment,
	"Range": catalog.DTRange, "Ratio": catalog.DTRatio, "Timing": catalog.DTTiming,
	"SampledData": catalog.DTSampledData, "Signature": catalog.DTSignature,
}

func datatypeOf(code string) catalog.Datatype { return datatypes[code] }
