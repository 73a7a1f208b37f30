package onnx

import "fmt"

// The messages of onnx.proto3 with the fields that matter here, numbered as
// there (https://github.com/onnx/onnx/blob/main/onnx/onnx.proto3).
const (
	modelIRVersion = 1
	modelProducer  = 2
	modelDoc       = 6
	modelGraph     = 7
	modelOpset     = 8

	opsetDomain  = 1
	opsetVersion = 2

	graphNode        = 1
	graphName        = 2
	graphInitializer = 5
	graphInput       = 11
	graphOutput      = 12
	graphSparse      = 15

	nodeInput     = 1
	nodeOutput    = 2
	nodeName      = 3
	nodeOpType    = 4
	nodeAttribute = 5
	nodeDomain    = 7

	attrName     = 1
	attrF        = 2
	attrI        = 3
	attrS        = 4
	attrT        = 5
	attrG        = 6
	attrFloats   = 7
	attrInts     = 8
	attrStrings  = 9
	attrTensors  = 10
	attrGraphs   = 11
	attrTypeOf   = 14
	attrTypesOf  = 15
	attrType     = 20
	attrRef      = 21
	attrSparse   = 22
	attrSparses  = 23
	tensorDims   = 1
	tensorType   = 2
	tensorPart   = 3
	tensorFloats = 4
	tensorInt32s = 5
	tensorTexts  = 6
	tensorInt64s = 7
	tensorName   = 8
	tensorRaw    = 9
	tensorDouble = 10
	tensorUint64 = 11
	tensorExtern = 13
	tensorWhere  = 14

	valueName = 1
	valueType = 2
	valueDoc  = 3

	typeTensor = 1
	typeElem   = 1
	typeShape  = 2
	shapeDim   = 1
	dimValue   = 1
	dimParam   = 2
	entryKey   = 1 // StringStringEntryProto
	entryValue = 2

	externalWhere = 1 // TensorProto.DataLocation
)

var (
	modelMessage = &message{"model", map[int]kind{
		modelIRVersion: kindInt, modelGraph: kindBytes, modelOpset: kindEach,
	}}
	opsetMessage = &message{"opset", map[int]kind{
		opsetDomain: kindBytes, opsetVersion: kindInt,
	}}
	graphMessage = &message{"graph", map[int]kind{
		graphNode: kindEach, graphName: kindBytes, graphInitializer: kindEach,
		graphInput: kindEach, graphOutput: kindEach, graphSparse: kindEach,
	}}
	nodeMessage = &message{"node", map[int]kind{
		nodeInput: kindEach, nodeOutput: kindEach, nodeName: kindBytes,
		nodeOpType: kindBytes, nodeAttribute: kindEach, nodeDomain: kindBytes,
	}}
	attrMessage = &message{"attribute", map[int]kind{
		attrName: kindBytes, attrF: kindFloat, attrI: kindInt, attrS: kindBytes, attrT: kindBytes,
		attrG: kindBytes, attrFloats: kindFloats, attrInts: kindInts, attrStrings: kindEach,
		attrTensors: kindEach, attrGraphs: kindEach, attrTypeOf: kindBytes, attrTypesOf: kindEach,
		attrType: kindInt, attrRef: kindBytes, attrSparse: kindBytes, attrSparses: kindEach,
	}}
	tensorMessage = &message{"tensor", map[int]kind{
		tensorDims: kindInts, tensorType: kindInt, tensorPart: kindBytes, tensorFloats: kindFloats,
		tensorInt32s: kindInts, tensorTexts: kindEach, tensorInt64s: kindInts, tensorName: kindBytes,
		tensorRaw: kindBytes, tensorDouble: kindDouble, tensorUint64: kindInts,
		tensorExtern: kindEach, tensorWhere: kindInt,
	}}
	entryMessage = &message{"external data", map[int]kind{entryKey: kindBytes, entryValue: kindBytes}}
	valueMessage = &message{"value", map[int]kind{
		valueName: kindBytes, valueType: kindBytes,
	}}
	typeMessage       = &message{"type", map[int]kind{typeTensor: kindBytes}}
	tensorTypeMessage = &message{"tensor type", map[int]kind{typeElem: kindInt, typeShape: kindBytes}}
	shapeMessage      = &message{"shape", map[int]kind{shapeDim: kindEach}}
	dimMessage        = &message{"dimension", map[int]kind{dimValue: kindInt, dimParam: kindBytes}}
)

// elemType is TensorProto.DataType.
type elemType int32

const (
	elemFloat32 elemType = 1
	elemUint8   elemType = 2
	elemInt8    elemType = 3
	elemInt32   elemType = 6
	elemInt64   elemType = 7
	elemBool    elemType = 9
	elemFloat16 elemType = 10
	elemFloat64 elemType = 11
	elemBFloat  elemType = 16
)

var elemNames = map[elemType]string{
	0: "undefined", 1: "float32", 2: "uint8", 3: "int8", 4: "uint16", 5: "int16", 6: "int32", 7: "int64",
	8: "string", 9: "bool", 10: "float16", 11: "float64", 12: "uint32", 13: "uint64", 14: "complex64",
	15: "complex128", 16: "bfloat16", 17: "float8e4m3fn", 18: "float8e4m3fnuz", 19: "float8e5m2",
	20: "float8e5m2fnuz", 21: "uint4", 22: "int4", 23: "float4e2m1",
}

func (e elemType) String() string {
	if s, ok := elemNames[e]; ok {
		return s
	}
	return fmt.Sprintf("element type %d", int32(e))
}

// attrKind is AttributeProto.AttributeType.
type attrKind int32

const (
	attrFloatKind  attrKind = 1
	attrIntKind    attrKind = 2
	attrTextKind   attrKind = 3
	attrTensorKind attrKind = 4
	attrFloatsKind attrKind = 6
	attrIntsKind   attrKind = 7
	attrTextsKind  attrKind = 8
)

// attrHolds says which field holds an attribute's value, by its type. Graphs,
// sparse tensors and the like are not among them: no operator read here has
// one.
var attrHolds = map[attrKind]int{
	attrFloatKind: attrF, attrIntKind: attrI, attrTextKind: attrS, attrTensorKind: attrT,
	attrFloatsKind: attrFloats, attrIntsKind: attrInts, attrTextsKind: attrStrings,
}
