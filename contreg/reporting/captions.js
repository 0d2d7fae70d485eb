// One sentence a view: what is seen and how to read it.

const CAPTIONS = {
  moving: "The moving image, before it is warped.",
  fixed: "The fixed image, whose grid all views share.",
  warped: "The warped image: the moving image carried through the displacement. It should look like the fixed one.",
  "difference-before": "Moving minus fixed: orange where the moving image is brighter, blue where it is darker.",
  "difference-after": "Warped minus fixed, same scale as before: what is left shows noise, contrast, or misfit.",
  "checker-before": "Tiles of about 20 mm, in turn fixed and moving: edges break at the tile borders where the images disagree.",
  "checker-after": "Tiles of about 20 mm, in turn fixed and warped: edges should run on across the tile borders.",
  "outlines-before": "Labels of the fixed and of the moving image outlined over the moving image.",
  "outlines-after": "Labels of the fixed image and labels carried by the displacement, outlined over the warped image.",
  colours: "Labels carried by the displacement, one colour a structure, left and right alike.",
  grid: "A regular grid of about 8 mm drawn on the moving image and warped with it (its lines in this plane).",
  jacobian: "Logarithm of the Jacobian determinant J: orange where space grows from fixed to moving, blue where it shrinks.",
  deviation: "Standard deviation of the field the model predicts, in mm (of the velocity, where the field is one).",
};
