from . import actionstep_detail_upload, actionstep_map_upload, actionstep_preview
