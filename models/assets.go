package models

import "embed"

// What goes into the binary: models, and the licences that their weights are
// under. This is the only go:embed of weights. A model is a variable of bytes,
// not a file of an embed.FS, which would copy it: weights are read where they
// lie in the binary, page by page, and nothing ever writes them.
var (
	//go:embed efficientnet-lite0-224.edge
	lite0At224 []byte

	//go:embed efficientnet-lite0-160.edge
	lite0At160 []byte

	//go:embed efficientnet-lite2-260.edge
	lite2At260 []byte

	//go:embed LICENSE-*
	licenses embed.FS
)
